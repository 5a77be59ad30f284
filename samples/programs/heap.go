// Writes a heap profile of a program that keeps buffers, strings and a map, and frees some:
//
//	GO111MODULE=off go run -trimpath samples/programs/heap.go samples/pprof/go1.19-heap.pb.gz
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
)

var kept [][]byte
var names = map[string]string{}

func keepBuffer(n int) {
	kept = append(kept, make([]byte, n))
}

func dropBuffer(n int) int {
	b := make([]byte, n)
	return len(string(b))
}

func fillNames(n int) {
	for i := 0; i < n; i++ {
		names[fmt.Sprint("name-", i)] = strings.Repeat("é", 100)
	}
}

// walk keeps a buffer at each level of a recursion.
func walk(depth int) {
	if depth == 0 {
		return
	}
	keepBuffer(4096)
	walk(depth - 1)
}

func main() {
	runtime.MemProfileRate = 4096
	for i := 0; i < 500; i++ {
		keepBuffer(10000)
		dropBuffer(20000)
	}
	fillNames(2000)
	walk(12)
	runtime.GC()
	f, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}
