package cabi

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

var goStructs = map[string]reflect.Type{
	"netmap_slot":               reflect.TypeFor[abi.Slot](),
	"netmap_ring":               reflect.TypeFor[abi.Ring](),
	"netmap_if":                 reflect.TypeFor[abi.If](),
	"nmreq_header":              reflect.TypeFor[abi.ReqHeader](),
	"nmreq_register":            reflect.TypeFor[abi.ReqRegister](),
	"nmreq_port_info_get":       reflect.TypeFor[abi.ReqPortInfo](),
	"nmreq_vale_attach":         reflect.TypeFor[abi.ReqAttach](),
	"nmreq_vale_detach":         reflect.TypeFor[abi.ReqDetach](),
	"nmreq_vale_list":           reflect.TypeFor[abi.ReqList](),
	"nmreq_port_hdr":            reflect.TypeFor[abi.ReqPortHdr](),
	"nmreq_vale_newif":          reflect.TypeFor[abi.ReqNewIf](),
	"nmreq_vale_polling":        reflect.TypeFor[abi.ReqPolling](),
	"nmreq_pools_info":          reflect.TypeFor[abi.ReqPoolsInfo](),
	"nmreq_sync_kloop_start":    reflect.TypeFor[abi.ReqKloopStart](),
	"nmreq_option":              reflect.TypeFor[abi.Option](),
	"nmreq_opt_extmem":          reflect.TypeFor[abi.OptExtmem](),
	"nmreq_opt_csb":             reflect.TypeFor[abi.OptCSB](),
	"nmreq_opt_sync_kloop_mode": reflect.TypeFor[abi.OptKloopMode](),
	"nmreq_opt_offsets":         reflect.TypeFor[abi.OptOffsets](),
	"nmreq":                     reflect.TypeFor[abi.Legacy](),
	"nmu_ctl":                   reflect.TypeFor[abi.Ctl](),
	"nmu_request":               reflect.TypeFor[abi.Request](),
	"nmu_reply":                 reflect.TypeFor[abi.Reply](),
	"nmu_grant":                 reflect.TypeFor[abi.Grant](),
}

type place struct{ Offset, Size uintptr }

// places maps the name of each field of t to where it lies. Padding has no name and is left out.
func places(t reflect.Type, name func(reflect.StructField) string) map[string]place {
	m := make(map[string]place)
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name != "_" {
			m[name(f)] = place{f.Offset, f.Type.Size()}
		}
	}
	return m
}

func TestStructs(t *testing.T) {
	defined := names(`(?m)^struct (\w+) \{`)
	if c := slices.Sorted(maps.Keys(Structs())); !slices.Equal(c, defined) {
		t.Fatalf("structs shown by cabi %v, defined in the header %v", c, defined)
	}
	for name, ct := range Structs() {
		gt, ok := goStructs[name]
		if !ok {
			t.Errorf("struct %s has no Go twin", name)
			continue
		}
		if gt.Size() != ct.Size() {
			t.Errorf("struct %s: %d bytes in C, %d in Go", name, ct.Size(), gt.Size())
		}
		c := places(ct, func(f reflect.StructField) string { return f.Name })
		g := places(gt, func(f reflect.StructField) string { return f.Tag.Get("c") })
		for field, p := range c {
			if g[field] != p {
				t.Errorf("%s.%s: %+v in C, %+v in Go", name, field, p, g[field])
			}
		}
		if len(g) != len(c) {
			t.Errorf("struct %s: fields %v in C, %v in Go", name, c, g)
		}
	}
}

func TestConstants(t *testing.T) {
	defined := names(`(?m)^#define (\w+)[ \t]+\S`)
	if c := slices.Sorted(maps.Keys(Constants())); !slices.Equal(c, defined) {
		t.Fatalf("constants shown by cabi %v, defined in the header %v", c, defined)
	}
	g := goConstants(t)
	for name, v := range Constants() {
		if gv, ok := g[name]; !ok || gv != v {
			t.Errorf("%s: %#x in C, %#x in Go (declared: %v)", name, v, gv, ok)
		}
	}
	if len(g) != len(defined) {
		t.Errorf("%d constants in C, %d in Go", len(defined), len(g))
	}
}

// names gives, sorted, what the first group of the pattern matches in the header.
func names(pattern string) []string {
	var out []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(abi.Header, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return out
}

// goConstants evaluates the constants that package abi declares.
func goConstants(t *testing.T) map[string]uint64 {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "../constants.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := new(types.Config).Check("abi", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]uint64)
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		v, exact := constant.Uint64Val(c.Val())
		if !exact {
			t.Fatalf("%s is not an unsigned number", name)
		}
		m[name] = v
	}
	return m
}
