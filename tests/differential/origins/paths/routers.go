// Routers of Go, each with the same handlers on a port of its own. Prints one line: `name=port` of each.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/go-chi/chi"
	"github.com/gorilla/mux"
)

func ran(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprintf(w, "ran %s", name)
	}
}

func store(w http.ResponseWriter, r *http.Request) {
	if r.Method == "PUT" {
		ran("store")(w, r)
	} else {
		ran("other")(w, r)
	}
}

func api(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) == 4 && parts[3] == "file" {
		ran("api")(w, r)
	} else {
		ran("other")(w, r)
	}
}

func onNetHTTP() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("/upload", ran("upload"))
	m.HandleFunc("/upload/", ran("upload"))
	m.HandleFunc("/form.php", ran("form"))
	m.HandleFunc("/api/", api)
	m.HandleFunc("/submit", ran("submit"))
	m.HandleFunc("/store", store)
	m.HandleFunc("/", ran("other"))
	return m
}

func onChi() http.Handler {
	m := chi.NewRouter()
	m.Handle("/upload", ran("upload"))
	m.Handle("/upload/*", ran("upload"))
	m.Handle("/form.php", ran("form"))
	m.Handle("/api/{id}/file", ran("api"))
	m.Handle("/submit", ran("submit"))
	m.Put("/store", ran("store"))
	m.NotFound(ran("other"))
	m.MethodNotAllowed(ran("other"))
	return m
}

func onMux() http.Handler {
	m := mux.NewRouter()
	m.Handle("/upload", ran("upload"))
	m.PathPrefix("/upload/").Handler(ran("upload"))
	m.Handle("/form.php", ran("form"))
	m.Handle("/api/{id}/file", ran("api"))
	m.Handle("/submit", ran("submit"))
	m.Handle("/store", ran("store")).Methods("PUT")
	m.NotFoundHandler = ran("other")
	m.MethodNotAllowedHandler = ran("other")
	return m
}

// By hand, as a server that takes apart what came.
func byHand(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	switch {
	case path == "/upload" || strings.HasPrefix(path, "/upload/"):
		ran("upload")(w, r)
	case path == "/form.php":
		ran("form")(w, r)
	case path == "/submit":
		ran("submit")(w, r)
	default:
		ran("other")(w, r)
	}
}

func main() {
	routers := map[string]http.Handler{
		"gohttp": onNetHTTP(), "gochi": onChi(), "gomux": onMux(), "gohand": http.HandlerFunc(byHand),
	}
	var places []string
	for name, handler := range routers {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		places = append(places, fmt.Sprintf("%s=%d", name, listener.Addr().(*net.TCPAddr).Port))
		go http.Serve(listener, handler)
	}
	fmt.Println(strings.Join(places, " "))
	select {}
}
