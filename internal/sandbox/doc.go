// Package sandbox is what `latchkey dev` has for integrators, and production has
// not: it records every call and every link that is followed, shows them as they
// come, and lets people and test suites interfere: expire a link, move the clock,
// have calls fail, start anew. It stands in front of a whole server and changes
// nothing of what that does, but for the faults that somebody asked for.
package sandbox
