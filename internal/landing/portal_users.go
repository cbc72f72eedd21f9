package landing

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
)

// usersPage is the list of the merchant's users.
type usersPage struct {
	Notices  page.Notices
	Merchant string
	Rows     []userRow
	// Count is how many there are; More: there are more than are looked at.
	Count int
	More  bool
	Pages pager
}

type userRow struct {
	Path, Name, Username, Email string
	Self                        bool
	Granted                     granted
}

// maxUsers is how many users of a merchant are looked at.
const maxUsers = 1000

// users returns the merchant's users, by name. more reports whether there are more
// than maxUsers.
func (w *worker) users() (all []directory.User, more bool, err error) {
	all, err = w.Directory.Users(w.r.Context(), w.tenant.ID, 0, maxUsers+1)
	if more = len(all) > maxUsers; more {
		all = all[:maxUsers]
	}
	slices.SortStableFunc(all, func(a, b directory.User) int {
		return cmp.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name()))
	})
	return all, more, err
}

func (w *worker) getUsers() {
	all, more, err := w.users()
	if err != nil {
		w.fail("list users", err)
		return
	}
	part, pages := paged(w.visit, usersPath, all)
	content := &usersPage{Notices: w.noted("deleted", "gone"), Merchant: w.tenant.Name, Count: len(all), More: more, Pages: pages}
	for i := range part {
		u := &part[i]
		content.Rows = append(content.Rows, userRow{aboutUser(userPath, u), u.Name(), u.Username, u.Email, u.ID == w.user.ID, grantedOf(u.Permissions)})
	}
	w.open(http.StatusOK, "portal-users", "users.title", content)
}

// userParam names a user in addresses.
const userParam = "id"

// aboutUser is the address of the page about that user.
func aboutUser(path string, u *directory.User) string {
	return path + "?" + userParam + "=" + url.QueryEscape(string(u.Ref()))
}

// named returns the user that the address names, and answers when there is none
// of this merchant.
func (w *worker) named() (*directory.User, bool) {
	u, err := w.Directory.UserByRef(w.r.Context(), w.tenant.ID, w.params.get(userParam))
	if err != nil {
		w.failed("read user", err)
		return nil, false
	}
	return u, true
}

// userPage is one user.
type userPage struct {
	Notices                       page.Notices
	Name, Username, Email, Number string
	CreatedAt, ChangedAt          string
	Granted                       granted
	Self                          bool
	// MayChange and MayDelete: the user who looks may.
	MayChange, MayDelete   bool
	Edit, Delete, Activity string // addresses
}

func (w *worker) getUser() {
	u, ok := w.named()
	if !ok {
		return
	}
	content := &userPage{
		Notices: w.noted("created", "saved"), Name: u.Name(), Username: u.Username, Email: u.Email, Number: string(u.Ref()),
		CreatedAt: w.moment(w.language, u.CreatedAt), Granted: grantedOf(u.Permissions), Self: u.ID == w.user.ID,
		MayChange: w.user.MayChange(u), MayDelete: w.user.MayDelete(u),
		Edit: aboutUser(editUserPath, u), Delete: aboutUser(deleteUserPath, u), Activity: activityOf(u),
	}
	if u.Version > 1 {
		content.ChangedAt = w.moment(w.language, u.ChangedAt)
	}
	w.open(http.StatusOK, "portal-user", "users.one", content)
}

// deleteUserPage asks before a user is deleted.
type deleteUserPage struct {
	Owner, Name, Username, Email string
	Action, Back                 string
}

var deleteUserForm = portalForm{directory.PermissionUserMaintenance, (*worker).postDeleteUser}

func (w *worker) getDeleteUser() {
	u, ok := w.named()
	if !ok {
		return
	}
	if !w.user.MayDelete(u) {
		w.refuse()
		return
	}
	w.open(http.StatusOK, "portal-delete-user", w.text("delete_user.title", u.Name()), &deleteUserPage{
		w.owner(), u.Name(), u.Username, u.Email, aboutUser(deleteUserPath, u), aboutUser(userPath, u),
	})
}

// postDeleteUser deletes the user, which signs them out at once.
func (w *worker) postDeleteUser() {
	u, err := w.Directory.UserByRef(w.r.Context(), w.tenant.ID, w.params.get(userParam))
	if err == nil {
		err = w.Directory.DeleteUserBy(w.r.Context(), w.user, u.ID, w.act())
	}
	switch {
	case err == nil:
		w.see(noting(usersPath, "deleted"))
	case isNotFound(err):
		w.see(noting(usersPath, "gone")) // pressed twice, or somebody else was first
	default:
		w.failed("delete user", err)
	}
}
