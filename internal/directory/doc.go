// Package directory is what Latchkey knows of people and what is theirs:
// customers with cards on file and delivery details, their subscriptions, the
// products of a tenant and the orders that the cart placed.
//
// The core ([signon]) knows a person by reference only and asks [Service] for
// the rest. Rules about this data live here (what a customer must have, which
// references may coexist); a [Store] keeps the rows.
package directory
