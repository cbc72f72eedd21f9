package tables

import (
	"context"
	"fmt"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

const (
	insertOrder  = "INSERT INTO orders (tenant, ref_no, cart_id, customer_id, status, placed_at, card_token, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	replaceOrder = "UPDATE orders SET customer_id = ?, status = ?, placed_at = ?, card_token = ?, doc = ? WHERE tenant = ? AND cart_id = ?"
	orderColumns = "SELECT tenant, ref_no, cart_id, status, card_token, doc, customer_id, placed_at FROM orders "
	byRefNo      = "WHERE tenant = ?1 AND length(ref_no) = length(?2) AND ref_no = ?2"
	byCart       = "WHERE tenant = ? AND cart_id = ?"
	listOrders   = orderColumns + "WHERE tenant = ?1 AND (length(ref_no), ref_no) > (length(?2), ?2) ORDER BY length(ref_no), ref_no LIMIT ?3"
	latestOrders = orderColumns + "WHERE tenant = ? AND customer_id = ? ORDER BY placed_at DESC, length(ref_no) DESC, ref_no DESC LIMIT ?"
)

// PutOrder stores an order, unless its cart has placed one. See
// [directory.OrderStore].
func (s *Tables) PutOrder(ctx context.Context, o *directory.Order, e *signon.Event) (*directory.Order, error) {
	doc, err := toJSON(newOrderDoc(o))
	if err != nil {
		return nil, fmt.Errorf("put order: %w", err)
	}
	given := *o
	card := s.sealCard(&given)
	var stands *directory.Order
	err = s.engine.Write(ctx, "put order", func(t Tx) error {
		stands = &given
		tenant, status, placed := string(given.Tenant), string(given.Status), given.PlacedAt.UnixMilli()
		stored := t.One(orderColumns+byCart, tenant, orNull(given.CartID))
		switch {
		case stored != nil && stored.Text(3) != string(directory.OrderIncomplete):
			before, err := s.order(stored)
			stands = &before
			return err
		case stored != nil && stored.Text(1) != given.RefNo:
			return signon.ErrConflict
		case stored != nil:
			t.Exec(replaceOrder, given.CustomerID, status, placed, card, doc, tenant, given.CartID)
		case exists(t, "SELECT 1 FROM orders "+byRefNo, tenant, given.RefNo):
			return signon.ErrConflict
		default:
			t.Exec(insertOrder, tenant, given.RefNo, orNull(given.CartID), given.CustomerID, status, placed, card, doc)
		}
		t.Append(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stands, nil
}

// Order returns the order with that number. See [directory.OrderStore].
func (s *Tables) Order(ctx context.Context, tenant signon.TenantID, refNo string) (*directory.Order, error) {
	return readOne(ctx, s, "read order", s.order, orderColumns+byRefNo, string(tenant), refNo)
}

// OrderByCart returns the order of that cart. See [directory.OrderStore].
func (s *Tables) OrderByCart(ctx context.Context, tenant signon.TenantID, cartID string) (*directory.Order, error) {
	return readOne(ctx, s, "read order", s.order, orderColumns+byCart, string(tenant), cartID)
}

// Orders returns orders by number. See [directory.OrderStore].
func (s *Tables) Orders(ctx context.Context, tenant signon.TenantID, after string, limit int) ([]directory.Order, error) {
	return readAll(ctx, s, "list orders", s.order, listOrders, string(tenant), after, int64(limit))
}

// OrdersOf returns a customer's orders, the latest first. See
// [directory.OrderStore].
func (s *Tables) OrdersOf(ctx context.Context, tenant signon.TenantID, customerID int64, limit int) ([]directory.Order, error) {
	return readAll(ctx, s, "list orders of a customer", s.order, latestOrders, string(tenant), customerID, int64(limit))
}

func cardPlace(o *directory.Order) signon.Place {
	return signon.Place{Table: "orders", Column: "card_token", Tenant: o.Tenant, Row: o.RefNo}
}

// sealCard returns the sealed token of the chosen card, nil when there is none.
func (s *Tables) sealCard(o *directory.Order) any {
	if o.Card.Token == "" {
		return nil
	}
	return s.keys.Seal([]byte(o.Card.Token), cardPlace(o))
}

// order reads a row of orderColumns.
func (s *Tables) order(r Row) (directory.Order, error) {
	var doc orderDoc
	if err := fromJSON(r.Text(5), &doc); err != nil {
		return directory.Order{}, err
	}
	o := directory.Order{
		Tenant: signon.TenantID(r.Text(0)), RefNo: r.Text(1), CartID: r.Text(2), Status: directory.OrderStatus(r.Text(3)),
		CustomerID: r.Int(6), Language: doc.Language, Coupon: doc.Coupon, Total: directory.Money(doc.Total),
		Billing: directory.Contact(doc.Billing), FiscalCode: doc.FiscalCode, Delivery: directory.Contact(doc.Delivery),
		PlacedAt: r.Instant(7),
	}
	for i := range doc.Items {
		o.Items = append(o.Items, doc.Items[i].item())
	}
	var token []byte
	if sealed := r.Blob(4); sealed != nil {
		var err error
		if token, err = s.keys.Open(sealed, cardPlace(&o)); err != nil {
			return o, fmt.Errorf("token of card: %w", err)
		}
	}
	o.Card = doc.Card.card(string(token))
	return o, nil
}

type (
	orderDoc struct {
		Language   string     `json:"language,omitempty"`
		Coupon     string     `json:"coupon,omitempty"`
		Items      []itemDoc  `json:"items,omitempty"`
		Total      moneyDoc   `json:"total"`
		Billing    contactDoc `json:"billing"`
		FiscalCode string     `json:"fiscal_code,omitempty"`
		Delivery   contactDoc `json:"delivery"`
		Card       cardDoc    `json:"card,omitzero"`
	}
	itemDoc struct {
		ProductID   string   `json:"product_id,omitempty"`
		ProductCode string   `json:"product_code,omitempty"`
		Name        string   `json:"name,omitempty"`
		Quantity    int      `json:"quantity"`
		UnitPrice   moneyDoc `json:"unit_price"`
		Options     string   `json:"options,omitempty"`
	}
)

func newOrderDoc(o *directory.Order) *orderDoc {
	doc := &orderDoc{
		Language: o.Language, Coupon: o.Coupon, Total: moneyDoc(o.Total),
		Billing: contactDoc(o.Billing), FiscalCode: o.FiscalCode, Delivery: contactDoc(o.Delivery),
		Card: newCardDoc(&o.Card),
	}
	for _, i := range o.Items {
		doc.Items = append(doc.Items, itemDoc{
			ProductID: i.ProductID, ProductCode: i.ProductCode, Name: i.Name, Quantity: i.Quantity, UnitPrice: moneyDoc(i.UnitPrice), Options: i.Options,
		})
	}
	return doc
}

func (d *itemDoc) item() directory.OrderItem {
	return directory.OrderItem{
		ProductID: d.ProductID, ProductCode: d.ProductCode, Name: d.Name, Quantity: d.Quantity, UnitPrice: directory.Money(d.UnitPrice), Options: d.Options,
	}
}
