// Package bench measures what signing a person in costs: pairs of one call
// that issues a link and one browser request that redeems it, over keep-alive
// HTTP on loopback, every answer verified. In the same run it measures the
// floors that the cost is judged by: an HTTP server that answers constants of
// the same size, and the same rows written in groups with no HTTP. Server and
// floors are processes of their own, so that the CPU time of the load generator
// is no part of any figure. docs/performance.md explains the figures.
package bench
