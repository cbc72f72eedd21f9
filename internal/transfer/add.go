package transfer

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/latchkey-sso/latchkey/internal/directory"
)

// Add adds a row that does not come from a file of its kind: its values by column,
// as a line of JSON Lines has them. What is wrong with the values alone is found at
// once; the refusal has no line.
func Add(rows *directory.Rows, kind Kind, values map[string]json.RawMessage) *Refusal {
	rec := &record{members: values}
	if !slices.Contains(ImportKinds, kind) {
		return &Refusal{Rule: fmt.Sprintf("%s can't be imported", kind)}
	}
	if err := try(kind, rec); err != nil {
		refusal := RefusalOf(err)
		return &refusal
	}
	r, refusal := rowOf(kind, rec)
	if refusal != nil {
		return refusal
	}
	r.add(rows)
	return nil
}

// try fills in a row that goes nowhere.
func try(kind Kind, rec *record) error {
	switch kind {
	case Customers:
		return customerTable.fill(&directory.Customer{}, rec)
	case Subscriptions:
		return subscriptionTable.fill(&directory.Subscription{}, rec)
	case Users:
		return userTable.fill(&directory.User{}, rec)
	case Members:
		return memberTable.fill(&directory.Member{}, rec)
	default:
		return productTable.fill(&directory.Product{}, rec)
	}
}

// RefusalOf says why the directory refused a row, in the words of its file and
// without a line.
func RefusalOf(err error) Refusal { return refusalOf(0, err) }
