package postgres

import (
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// stopTime is how long a committer that is stopped waits for what is queued. A
// commit that waits for a standby may do so for ever.
const stopTime = 10 * time.Second

// line is what a connection is ended by from outside, whoever uses it.
type line struct {
	mu     sync.Mutex
	socket net.Conn
	cut    bool
}

// use notes the connection in use. Once the line is cut, so is every connection.
func (l *line) use(c *pgx.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socket = c.PgConn().Conn()
	if l.cut {
		_ = l.socket.Close() // whoever uses it finds out
	}
}

// end cuts the line: what is under way fails without the server being told. What was
// to be committed may still be so.
func (l *line) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	if l.socket != nil {
		_ = l.socket.Close() // whoever uses it finds out
	}
}

func (l *line) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}
