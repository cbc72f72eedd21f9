package transfer

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is what a file holds.
type Kind string

// The kinds.
const (
	Customers     Kind = "customers"
	Subscriptions Kind = "subscriptions"
	Products      Kind = "products"
	Users         Kind = "users"
	Members       Kind = "members"
	Orders        Kind = "orders" // can be exported only
)

// ImportKinds are the kinds that can be imported, ExportKinds those that can be
// exported.
var (
	ImportKinds = []Kind{Customers, Subscriptions, Products, Users, Members}
	ExportKinds = []Kind{Customers, Subscriptions, Products, Users, Members, Orders}
)

// ParseKind returns the kind of that name if it is among those.
func ParseKind(name string, among []Kind) (Kind, error) {
	if slices.Contains(among, Kind(name)) {
		return Kind(name), nil
	}
	return "", fmt.Errorf("%q is not one of %s", name, strings.Join(names(among), ", "))
}

// Format is how a file is written.
type Format string

// The formats.
const (
	// AnyFormat is for reading: JSON Lines when the file starts with a brace, else
	// CSV.
	AnyFormat Format = ""
	CSV       Format = "csv"
	JSONL     Format = "jsonl"
)

// ParseFormat returns the format of that name; no name is AnyFormat.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case AnyFormat, CSV, JSONL:
		return f, nil
	}
	return "", fmt.Errorf("%q is not one of %s, %s", name, CSV, JSONL)
}

func names[T ~string](of []T) []string {
	list := make([]string, len(of))
	for i := range of {
		list[i] = string(of[i])
	}
	return list
}
