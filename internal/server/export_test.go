package server

import (
	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// SignOn returns the core of the server.
func (s *Server) SignOn() *signon.Service { return s.core.Load().signOn }

// Directory returns the directory of the server.
func (s *Server) Directory() *directory.Service { return s.core.Load().directory }
