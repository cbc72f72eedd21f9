package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// AssetPath is the path below which assets lie.
const AssetPath = "/assets/"

//go:embed static
var static embed.FS

type asset struct {
	contentType string
	body        []byte
}

// AssetSet is a folder of assets, under names that hold a hash of their content.
type AssetSet struct {
	byPath map[string]asset  // full path with the hash in it
	paths  map[string]string // from the file's name
}

// ReadAssets reads the files of a folder, to be served below a path that ends in
// "/".
func ReadAssets(files fs.FS, below string) (*AssetSet, error) {
	set := &AssetSet{byPath: map[string]asset{}, paths: map[string]string{}}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("list assets: %w", err)
	}
	for _, f := range entries {
		body, err := fs.ReadFile(files, f.Name())
		if err != nil {
			return nil, fmt.Errorf("read assets: %w", err)
		}
		ext := path.Ext(f.Name())
		full := below + hashedName(strings.TrimSuffix(f.Name(), ext), ext, body)
		set.paths[f.Name()] = full
		set.byPath[full] = asset{contentTypes[ext], body}
	}
	return set, nil
}

// URL returns the path of the asset with that file name.
func (s *AssetSet) URL(name string) (string, error) {
	full, ok := s.paths[name]
	if !ok {
		return "", fmt.Errorf("no asset is called %q", name)
	}
	return full, nil
}

// ServeHTTP serves the assets. Their names change with their content, so browsers
// may keep them for good.
func (s *AssetSet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, ok := s.byPath[r.URL.Path]
	if !ok {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	a.serve(w, r)
}

// assets returns the embedded files.
var assets = sync.OnceValue(func() *AssetSet {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // embedded
	}
	set, err := ReadAssets(files, AssetPath)
	if err != nil {
		panic(err) // embedded
	}
	return set
})

// assetPath returns the path of an asset below AssetPath.
func assetPath(name, ext string, body []byte) string { return AssetPath + hashedName(name, ext, body) }

// hashedName returns a file's name with a hash of its content.
func hashedName(name, ext string, body []byte) string {
	sum := sha256.Sum256(body)
	return name + "." + hex.EncodeToString(sum[:6]) + ext
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".png": "image/png",
	".svg": "image/svg+xml",
}

// AssetURL returns the path of the asset of all pages with that file name.
func AssetURL(name string) (string, error) { return assets().URL(name) }

// Assets serves the assets of all pages, below AssetPath.
func Assets() http.Handler { return assets() }

// serve answers with the asset. Opened on its own, an SVG is a document: it may
// run nothing, fetch nothing and know nothing of the site it lies on.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(a.body)
	}
}
