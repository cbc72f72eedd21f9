package directory

import "context"

func (p *plan) addProduct(ctx context.Context, row *ProductRow) error {
	id := row.ID
	if err := text(&id, FieldID, maxText); err != nil {
		return err
	}
	stored, ok := p.products[id]
	if !ok {
		var err error
		if stored, err = missing(p.service.store.Product(ctx, p.tenant, id)); err != nil {
			return err
		}
	}
	found := stored != nil
	if !found {
		stored = &Product{ID: id}
	}
	product := stored.Clone()
	if err := row.Fill(product); err != nil {
		return err
	}
	product.Tenant, product.ID = p.tenant, stored.ID
	if err := product.normalise(); err != nil {
		return err
	}
	p.batch.Products = append(p.batch.Products, product)
	p.count(found)
	p.products[id] = product
	return nil
}
