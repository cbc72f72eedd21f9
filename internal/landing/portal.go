package landing

const portalPath = "/portal/"

var portalRoutes = map[string]route{}

func (v *visit) getPortalLink() { v.see(portalPath) }
