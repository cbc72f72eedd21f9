package rest

import _ "embed" // for the document

// OpenAPI is the OpenAPI 3.0 document of the dialect, in YAML: every call and
// every answer, good and bad. The tests hold the handler to it.
//
//go:embed openapi.yaml
var OpenAPI []byte
