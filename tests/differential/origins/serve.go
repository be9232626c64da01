// An origin that reads forms as Go's net/http does: the answer tells what it saw. Prints one line, its port and its name.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"unicode/utf8"
)

const generous = 64 << 20

type part struct {
	Kind     string  `json:"kind"`
	Name     string  `json:"name"`
	Filename *string `json:"filename"`
	Base64   string  `json:"base64"`
}

type answer struct {
	Parts []part `json:"parts"`
	Error string `json:"error,omitempty"`
}

func readable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "?")
}

func shown(kind, name string, filename *string, content []byte) part {
	return part{kind, readable(name), filename, base64.StdEncoding.EncodeToString(content)}
}

func read(request *http.Request) (found answer) {
	found.Parts = []part{}
	if err := request.ParseMultipartForm(generous); err != nil {
		found.Error = readable(err.Error())
	}
	if request.MultipartForm == nil {
		return found
	}
	for name, values := range request.MultipartForm.Value {
		for _, value := range values {
			found.Parts = append(found.Parts, shown("field", name, nil, []byte(value)))
		}
	}
	for name, files := range request.MultipartForm.File {
		for _, header := range files {
			file, err := header.Open()
			if err != nil {
				continue
			}
			content, _ := io.ReadAll(file)
			file.Close()
			filename := readable(header.Filename)
			found.Parts = append(found.Parts, shown("file", name, &filename, content))
		}
	}
	return found
}

func echo(request *http.Request) answer {
	body, _ := io.ReadAll(request.Body)
	name := "body"
	return answer{Parts: []part{
		shown("field", "content-type", nil, []byte(request.Header.Get("Content-Type"))),
		shown("file", "body", &name, body),
	}}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	handler := func(writer http.ResponseWriter, request *http.Request) {
		found := answer{}
		if strings.HasPrefix(request.URL.Path, "/echo") {
			found = echo(request)
		} else {
			found = read(request)
		}
		io.Copy(io.Discard, request.Body)
		text, _ := json.Marshal(found)
		writer.Header().Set("Content-Type", "application/json")
		writer.Write(text)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, "go")
	http.Serve(listener, http.HandlerFunc(handler))
}
