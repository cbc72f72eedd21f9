package server

import "github.com/latchkey-sso/latchkey/internal/inbound"

// shownWords are the parts of paths that logs show.
var shownWords = inbound.WordsOf(`
	healthz readyz assets favicon.ico robots.txt
	rest 3.0 4.0 5.0 6.0 customers subscriptions orders customer cart account signon
	soap soapenc.xsd rpc
	index my_subscription my_products my_license user_data order_lookup faq payment_methods view_order change_card
	order checkout.php cart.php trial.php upgrade.php finish.php done card sign-out signed-out checkout
	services generateSSOLoginToken cp tools auth-token jsp developer_login.jsp entrance.jsp
	portal merchants users user new edit delete activity api
	v2 get_sso_token validate_sso_token get_member map_lob logout oauth2 token .well-known jwks.json openid-configuration lob enter
	myaccount support dev open`)
