// Package server puts the parts together and runs them: it opens the store,
// makes the services, listens, and hands every request to the part that
// answers it. It holds wiring only; what a request means is decided elsewhere.
package server
