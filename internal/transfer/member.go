package transfer

import (
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// memberTable is the columns of members. The number is read apart: it says whom a
// row is about.
var memberTable = table[directory.Member]{
	{
		name: directory.FieldNumber,
		get:  func(m *directory.Member) string { return m.Number },
		set:  func(*directory.Member, string) error { return nil },
	},
	textColumn(directory.FieldName, func(m *directory.Member) *string { return &m.Name }),
	textColumn(directory.FieldEmail, func(m *directory.Member) *string { return &m.Email }),
	textColumn(directory.FieldMobile, func(m *directory.Member) *string { return &m.Mobile }),
	{name: directory.FieldApps, form: aList, shape: appShape, getList: linkedApps, setList: setLinkedApps},
}

// appShape is an application: its id.
var appShape = plain("must look like 01; 03", member{"app", aText})

func linkedApps(m *directory.Member) []item {
	var items []item
	for _, app := range m.Apps {
		items = append(items, item{app})
	}
	return items
}

func setLinkedApps(m *directory.Member, items []item) error {
	m.Apps = nil
	for _, i := range items {
		m.Apps = append(m.Apps, strings.TrimSpace(i[0]))
	}
	return nil
}
