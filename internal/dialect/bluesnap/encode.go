package bluesnap

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
)

// encode returns the document in a format.
func (e *element) encode(f format) []byte {
	var b bytes.Buffer
	if f == inXML {
		b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n")
		b.WriteString("<" + e.name.xml + ` xmlns="` + namespace + `">`)
		e.xmlInside(&b)
		b.WriteString("</" + e.name.xml + ">")
	} else {
		e.jsonInside(&b)
	}
	return b.Bytes()
}

func (e *element) xmlInside(b *bytes.Buffer) {
	if e.isTrue {
		b.WriteString("true")
	}
	_ = xml.EscapeText(b, []byte(e.text)) // a buffer takes everything
	for i := range e.inside {
		inner := &e.inside[i]
		if inner.name.xml == "" {
			continue
		}
		b.WriteString("<" + inner.name.xml + ">")
		inner.xmlInside(b)
		b.WriteString("</" + inner.name.xml + ">")
	}
}

// jsonInside writes what is inside as an object.
func (e *element) jsonInside(b *bytes.Buffer) {
	b.WriteByte('{')
	for i := range e.inside {
		if i > 0 {
			b.WriteByte(',')
		}
		inner := &e.inside[i]
		writeText(b, inner.name.json)
		b.WriteByte(':')
		inner.json(b)
	}
	b.WriteByte('}')
}

func (e *element) json(b *bytes.Buffer) {
	switch {
	case e.isTrue:
		b.WriteString("true")
	case e.several:
		b.WriteByte('[')
		e.jsonInside(b)
		b.WriteByte(']')
	case len(e.inside) > 0:
		e.jsonInside(b)
	default:
		writeText(b, e.text)
	}
}

// writeText writes a text as JSON, with an ampersand as it is: links have them.
func writeText(b *bytes.Buffer, text string) {
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // every text can be encoded
	b.Truncate(b.Len() - 1)  // the line feed behind it
}
