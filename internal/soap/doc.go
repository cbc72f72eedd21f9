// Package soap speaks SOAP 1.1 in its rpc style with encoded values: it reads
// calls, and writes results, faults and the WSDL that describes them. It knows
// nothing of what the calls do.
//
// Calls come from strangers. Decode walks the text token by token along one
// fixed grammar and refuses everything else, such as document types, processing
// instructions, doubled attributes, a second Body, or anything behind the
// Envelope; where encoding/xml is more lenient than XML 1.0 and its namespaces,
// Decode is not. Time and memory are linear in the size of the body.
package soap
