package landing

import "github.com/latchkey-sso/latchkey/internal/directory"

// permissionGroups are the permissions as the portal shows them, by what they are
// about.
var permissionGroups = []struct {
	title string // key
	all   directory.Permissions
}{
	{"permissions.merchant", directory.Permissions{
		directory.PermissionAccountMaintenance, directory.PermissionUserMaintenance, directory.PermissionAPICredentials,
	}},
	{"permissions.orders", directory.Permissions{
		directory.PermissionLocator, directory.PermissionManualOrderApproval, directory.PermissionRefunds, directory.PermissionModifySubscriptions,
		directory.PermissionVirtualTerminal, directory.PermissionVirtualTerminalAdmin,
	}},
	{"permissions.products", directory.Permissions{directory.PermissionProductMaintenance, directory.PermissionLicenceManagement}},
	{"permissions.money", directory.Permissions{
		directory.PermissionViewFinancialInfo, directory.PermissionReports, directory.PermissionTransferToVendor, directory.PermissionRoyaltyMaintenance,
	}},
	{"permissions.affiliates", directory.Permissions{directory.PermissionAffiliateApproval, directory.PermissionAffiliateMaintenance}},
}

// permissionText is the key of a permission's name.
func permissionText(one directory.Permission) string { return "permission." + string(one) }

// granted is what somebody was granted, as the template "granted" shows it.
type granted struct {
	Admin  bool
	Groups []grantedGroup
}

type grantedGroup struct {
	Title string   // key
	Names []string // keys
}

// grantedOf returns what was granted, by groups. An administrator's single
// permissions change nothing and are left out.
func grantedOf(all directory.Permissions) granted {
	if all.Granted(directory.PermissionAdmin) {
		return granted{Admin: true}
	}
	var shown granted
	for _, g := range permissionGroups {
		part := grantedGroup{Title: g.title}
		for _, one := range g.all {
			if all.Granted(one) {
				part.Names = append(part.Names, permissionText(one))
			}
		}
		if part.Names != nil {
			shown.Groups = append(shown.Groups, part)
		}
	}
	return shown
}

// Empty reports whether nothing was granted.
func (g granted) Empty() bool { return !g.Admin && len(g.Groups) == 0 }

// Count is how many single permissions there are.
func (g granted) Count() (n int) {
	for _, group := range g.Groups {
		n += len(group.Names)
	}
	return n
}

// permitField is the name of the form's choices of permissions.
const permitField = "permit"

// permitGroup is a part of the choice of permissions.
type permitGroup struct {
	Title   string // key, or empty for the administrator's
	Choices []permitChoice
}

// permitChoice is one permission to be granted or not.
type permitChoice struct {
	Value, Label string // a key
	On           bool
	// Fixed: the user may not decide about it.
	Fixed bool
	// Note says what is stored now where that is not what was chosen, or is empty.
	Note string
}

// permits returns the choice of permissions for the other user: on is what is
// ticked, and stored, unless nil, what is on record now.
func (w *worker) permits(other *directory.User, on directory.Permissions, stored *directory.User) []permitGroup {
	choices := func(title string, some directory.Permissions) permitGroup {
		g := permitGroup{Title: title}
		for _, one := range some {
			c := permitChoice{Value: string(one), Label: permissionText(one), On: on.Granted(one), Fixed: !w.user.MayDecide(other, one)}
			if stored != nil && stored.Permissions.Granted(one) != c.On {
				c.Note = w.text(map[bool]string{true: "users.stored_granted", false: "users.stored_withheld"}[!c.On])
			}
			g.Choices = append(g.Choices, c)
		}
		return g
	}
	groups := []permitGroup{choices("permissions.all", directory.Permissions{directory.PermissionAdmin})}
	for _, g := range permissionGroups {
		groups = append(groups, choices(g.title, g.all))
	}
	return groups
}
