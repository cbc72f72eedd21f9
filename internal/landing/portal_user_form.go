package landing

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// userFormPage is the form of a user, a new one or one that exists.
type userFormPage struct {
	Notices      page.Notices
	Owner        string
	MadeFrom     string
	New, Self    bool
	Name         string // of the user who exists
	Fields       []page.Field
	Permits      []permitGroup
	Limited      bool // some permissions can't be decided about
	Action, Back string
}

// userForm is a user as the form has it, beside what it is made from.
type userForm struct {
	stored *directory.User // without an ID for a new one
	typed  *directory.User
	wrong  map[string]string // by the directory's names
	// conflict: what is stored has changed since the form was made.
	conflict bool
	known    []page.Notice
}

// keepUser stores a user on the word of another.
type keepUser func(ctx context.Context, by, u *directory.User, act directory.Act) error

var (
	newUserForm  = portalForm{directory.PermissionUserMaintenance, (*worker).postNewUser}
	editUserForm = portalForm{directory.PermissionUserMaintenance, (*worker).postEditUser}
)

func (w *worker) getNewUser() {
	none := &directory.User{Tenant: w.tenant.ID}
	w.showUserForm(http.StatusOK, &userForm{stored: none, typed: none})
}

func (w *worker) getEditUser() {
	u, ok := w.named()
	if !ok {
		return
	}
	if !w.user.MayChange(u) {
		w.refuse()
		return
	}
	w.showUserForm(http.StatusOK, &userForm{stored: u, typed: u})
}

// madeFrom marks what the form is made from: the user as stored, and what its
// sender may decide about.
func (w *worker) madeFrom(stored *directory.User) string {
	may := ""
	for _, one := range directory.AllPermissions() {
		if w.user.MayDecide(stored, one) {
			may += string(one) + " "
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "user\x00%d\x00%d\x00%s", stored.ID, stored.Version, may))
	return base64.RawURLEncoding.EncodeToString(sum[:markLen])
}

// readUser returns the user as typed. ok is false when the form grants what was
// not its sender's to grant.
func (w *worker) readUser(form url.Values, stored *directory.User) (typed *directory.User, ok bool) {
	typed = stored.Clone()
	typed.FirstName, typed.LastName = form.Get(directory.FieldFirstName), form.Get(directory.FieldLastName)
	typed.Email, typed.Username = form.Get(directory.FieldEmail), form.Get(directory.FieldUsername)
	var wanted directory.Permissions
	for _, value := range form[permitField] {
		one := directory.Permission(value)
		if !w.user.MayDecide(stored, one) && !stored.Permissions.Granted(one) {
			return nil, false
		}
		wanted = append(wanted, one)
	}
	typed.Permissions = w.user.Decided(stored, wanted)
	return typed, true
}

func (w *worker) postNewUser() {
	stored := &directory.User{Tenant: w.tenant.ID}
	w.sendUser(stored, "created", w.Directory.CreateUserBy)
}

func (w *worker) postEditUser() {
	stored, ok := w.named()
	if !ok {
		return
	}
	w.sendUser(stored, "saved", w.Directory.UpdateUserBy)
}

// sendUser checks what was typed and keeps it, all of it or nothing.
func (w *worker) sendUser(stored *directory.User, done string, keep keepUser) {
	typed, ok := w.readUser(w.r.PostForm, stored)
	if !ok || !w.user.MayChange(stored) {
		w.refuse()
		return
	}
	f := &userForm{stored: stored, typed: typed}
	if stored.ID != 0 && alike(typed, stored) {
		w.see(noting(aboutUser(userPath, stored), done)) // nothing changes, or a first attempt did it
		return
	}
	if w.r.PostForm.Get(madeFromField) != w.madeFrom(stored) {
		w.showConflictingUser(f)
		return
	}
	if f.wrong = w.userFaults(typed); len(f.wrong) > 0 {
		w.showUserForm(http.StatusUnprocessableEntity, f)
		return
	}
	user := typed.Clone()
	if err := keep(w.r.Context(), w.user, user, w.act()); err != nil {
		w.notKept(f, err)
		return
	}
	w.see(noting(aboutUser(userPath, user), done))
}

// notKept answers an attempt to keep a user that failed. What was typed stays.
func (w *worker) notKept(f *userForm, err error) {
	e := signon.AsError(err)
	switch {
	case e.Code == signon.CodeConflict && e.Argument == directory.FieldUsername:
		f.wrong = map[string]string{directory.FieldUsername: w.text("users.taken")}
		w.showUserForm(http.StatusConflict, f)
	case e.Code == signon.CodeConflict:
		stored, err := w.Directory.User(w.r.Context(), w.tenant.ID, f.stored.ID)
		if err != nil {
			w.failed("read user", err)
			return
		}
		f.stored = stored
		w.showConflictingUser(f)
	case e.Code == signon.CodeInvalid:
		f.wrong = map[string]string{e.Argument: w.faultText(w.language, e)}
		w.showUserForm(http.StatusUnprocessableEntity, f)
	case e.Code == signon.CodeUnavailable:
		w.Log.Error("landing: user not saved", w.logged("error", err)...)
		w.w.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(e.RetryAfter)))
		f.known = []page.Notice{{Kind: "warn", Text: w.text("users.unsaved"), Alert: true}}
		w.showUserForm(http.StatusServiceUnavailable, f)
	default:
		w.failed("save user", err)
	}
}

// showConflictingUser shows what was typed beside what is stored now.
func (w *worker) showConflictingUser(f *userForm) {
	f.conflict, f.known = true, []page.Notice{{Kind: "warn", Text: w.text("users.conflict"), Alert: true}}
	if f.stored.ID == 0 { // nothing is stored: it is the sender who may do less than before, or more
		f.conflict = false
	}
	w.showUserForm(http.StatusConflict, f)
}

// alike reports whether two users have the same details.
func alike(a, b *directory.User) bool {
	return strings.TrimSpace(a.FirstName) == b.FirstName && strings.TrimSpace(a.LastName) == b.LastName && strings.TrimSpace(a.Email) == b.Email &&
		strings.TrimSpace(a.Username) == b.Username && fmt.Sprint(a.Permissions) == fmt.Sprint(b.Permissions)
}

// userFaults returns what is wrong with the user's details, by the directory's names.
func (w *worker) userFaults(u *directory.User) map[string]string {
	wrong := map[string]string{}
	for _, e := range u.Faults() {
		wrong[e.Argument] = w.faultText(w.language, e)
	}
	return wrong
}

func (w *worker) showUserForm(status int, f *userForm) {
	fresh := f.stored.ID == 0
	content := &userFormPage{
		Owner: w.owner(), MadeFrom: w.madeFrom(f.stored), New: fresh, Name: f.stored.Name(), Self: f.stored.ID == w.user.ID,
		Fields: w.userFields(f), Permits: w.permits(f.stored, f.typed.Permissions, f.compared()), Action: newUserPath, Back: usersPath,
	}
	title := "users.new"
	if !fresh {
		content.Action, content.Back, title = aboutUser(editUserPath, f.stored), aboutUser(userPath, f.stored), "users.edit"
	}
	for _, g := range content.Permits {
		for _, c := range g.Choices {
			content.Limited = content.Limited || c.Fixed
		}
	}
	content.Notices = page.Notices{Wrong: faultsOf(content.Fields...), Known: f.known}
	w.open(status, "portal-user-form", title, content, content.Notices.Wrong...)
}

// compared is what the form compares what was typed with, or nil.
func (f *userForm) compared() *directory.User {
	if f.conflict {
		return f.stored
	}
	return nil
}

func (w *worker) userFields(f *userForm) []page.Field {
	var fields []page.Field
	for _, one := range []struct {
		name, kind   string
		most         int
		typed, store string
	}{
		{directory.FieldFirstName, "text", 255, f.typed.FirstName, f.stored.FirstName},
		{directory.FieldLastName, "text", 255, f.typed.LastName, f.stored.LastName},
		{directory.FieldEmail, "email", 254, f.typed.Email, f.stored.Email},
		{directory.FieldUsername, "text", 64, f.typed.Username, f.stored.Username},
	} {
		field := page.Field{
			ID: fieldID(one.name), Name: one.name, Label: "field." + one.name, Value: one.typed, Error: f.wrong[one.name],
			Type: one.kind, Autocomplete: "off", MaxLength: one.most, Width: "half wide",
		}
		if f.conflict && one.typed != one.store {
			field.Note = w.text("details.stored", one.store)
		}
		if one.name == directory.FieldUsername {
			field.Hint = w.text("users.username_text")
		}
		fields = append(fields, field)
	}
	return fields
}

func isNotFound(err error) bool { return errors.Is(err, signon.ErrNotFound) }
