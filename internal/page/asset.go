package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
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

type assetSet struct {
	byPath map[string]asset  // full path with the hash in it
	paths  map[string]string // from the file's name
}

// assets returns the embedded files under names that hold a hash of their
// content.
var assets = sync.OnceValue(func() assetSet {
	set := assetSet{byPath: map[string]asset{}, paths: map[string]string{}}
	files, err := static.ReadDir("static")
	if err != nil {
		panic(err) // embedded
	}
	for _, f := range files {
		body, err := static.ReadFile("static/" + f.Name())
		if err != nil {
			panic(err)
		}
		ext := path.Ext(f.Name())
		full := assetPath(strings.TrimSuffix(f.Name(), ext), ext, body)
		set.paths[f.Name()] = full
		set.byPath[full] = asset{contentTypes[ext], body}
	}
	return set
})

// assetPath returns the path of an asset, with a hash of its content.
func assetPath(name, ext string, body []byte) string {
	sum := sha256.Sum256(body)
	return AssetPath + name + "." + hex.EncodeToString(sum[:6]) + ext
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".png": "image/png",
	".svg": "image/svg+xml",
}

// AssetURL returns the path of the asset with that file name.
func AssetURL(name string) (string, error) {
	full, ok := assets().paths[name]
	if !ok {
		return "", fmt.Errorf("no asset is called %q", name)
	}
	return full, nil
}

// Assets serves the assets below AssetPath. Their names change with their
// content, so browsers may keep them for good.
func Assets() http.Handler { return http.HandlerFunc(serveAsset) }

func serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := assets().byPath[r.URL.Path]
	if !ok {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	a.serve(w, r)
}

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
