package transfer

import (
	"errors"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// userTable is the columns of users. The ID is read apart: it says whom a row is
// about. Passwords are not kept, so there is no column of them.
var userTable = table[directory.User]{
	{
		name: directory.FieldID, form: aNumber,
		get: func(u *directory.User) string { return string(u.Ref()) },
		set: func(*directory.User, string) error { return nil },
	},
	textColumn(directory.FieldUsername, func(u *directory.User) *string { return &u.Username }),
	textColumn(directory.FieldFirstName, func(u *directory.User) *string { return &u.FirstName }),
	textColumn(directory.FieldLastName, func(u *directory.User) *string { return &u.LastName }),
	textColumn(directory.FieldEmail, func(u *directory.User) *string { return &u.Email }),
	{name: directory.FieldPermissions, form: aList, shape: permissionShape, getList: permissions, setList: setPermissions},
}

// permissionShape is a permission: its name.
var permissionShape = plain("must look like refunds; reports", member{"permission", aText})

func permissions(u *directory.User) []item {
	var items []item
	for _, p := range u.Permissions {
		items = append(items, item{string(p)})
	}
	return items
}

func setPermissions(u *directory.User, items []item) error {
	known := directory.AllPermissions()
	u.Permissions = nil
	for _, i := range items {
		p := directory.Permission(strings.TrimSpace(i[0]))
		if !slices.Contains(known, p) {
			return errors.New("must be among " + strings.Join(names(known), ", "))
		}
		u.Permissions = append(u.Permissions, p)
	}
	return nil
}
