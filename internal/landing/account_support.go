package landing

import "net/http"

// supportPage answers what people ask most, and says where to ask the rest.
type supportPage struct {
	Shop       string
	Topics     []topic
	URL, Email string // of the shop's own help, or empty
}

// topic is a few questions about one thing. Keys of texts are made of its ID and
// of the questions' names.
type topic struct {
	ID        string
	Questions []string
}

var topics = []topic{
	{"links", []string{"once", "back", "ended"}},
	{"orders", []string{"find", "codes", "renewal"}},
	{"cards", []string{"number", "change", "remove"}},
	{"sign_out", []string{"here", "everywhere"}},
}

func (v *visitor) getSupport() {
	v.open(http.StatusOK, "account-support", "support.title", &supportPage{
		Shop: v.tenant.Name, Topics: topics, URL: v.tenant.SupportURL, Email: v.tenant.SupportEmail,
	})
}
