package soap

// Call is one call as it came.
type Call struct {
	Method string // the local name
	Args   []Node // the elements inside the method's, in order
}

// Node is an element of a call: an argument, or a member or item of one.
type Node struct {
	Name  string // the local name
	Type  string // the local name of xsi:type, such as "Map", "Struct" or "int"; empty when there is none
	Array bool   // the type is SOAP-ENC:Array, or SOAP-ENC:arrayType is given
	Nil   bool   // xsi:nil is true, or xsi:null of the older schemas
	Text  string // what is written in an element without others inside; not trimmed
	Nodes []Node // the elements inside, in order
}
