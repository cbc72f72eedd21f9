package pgtest_test

import (
	"os"
	"testing"

	"github.com/latchkey-sso/latchkey/internal/pgtest/testcluster"
)

func TestMain(m *testing.M) { os.Exit(testcluster.Main(m)) }
