// What BuildKit's parser finds in Dockerfiles that it takes, in the form that tests/tools/list-dockerfiles.c has for ours.
// dockerfiles.py compares the two.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

type instruction struct {
	Keyword  string   `json:"keyword"`
	Onbuild  bool     `json:"onbuild"`
	Flags    []string `json:"flags"`
	List     []string `json:"list,omitempty"`
	Rest     string   `json:"rest"`
	Heredocs [][4]any `json:"heredocs"`
	First    int      `json:"first"`
	Last     int      `json:"last"`
}

func list(text []byte) any {
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return err.Error()
	}
	// A copy, for some of it changes as it is looked at.
	again, _ := parser.Parse(bytes.NewReader(text))
	if _, _, err := instructions.Parse(again.AST, linter.New(&linter.Config{})); err != nil {
		return err.Error()
	}
	found := []instruction{}
	for _, node := range result.AST.Children {
		one := instruction{First: node.StartLine, Last: node.EndLine, Heredocs: [][4]any{}, Flags: []string{}}
		for _, heredoc := range node.Heredocs {
			one.Heredocs = append(one.Heredocs, [4]any{heredoc.Name, heredoc.Content, heredoc.Chomp, heredoc.Expand})
		}
		if strings.EqualFold(node.Value, "onbuild") && node.Next != nil && len(node.Next.Children) > 0 {
			one.Onbuild = true
			node = node.Next.Children[0]
		}
		one.Keyword = strings.ToUpper(node.Value)
		one.Flags = append(one.Flags, node.Flags...)
		isList := node.Attributes["json"] && one.Keyword != "HEALTHCHECK"
		if isList {
			one.List = []string{}
		}
		words := []string{}
		for next := node.Next; next != nil; next = next.Next {
			words = append(words, next.Value)
		}
		if isList {
			one.List = words
		} else {
			one.Rest = strings.Join(words, " ")
		}
		found = append(found, one)
	}
	return found
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var size uint32
		if binary.Read(in, binary.BigEndian, &size) != nil {
			return
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			os.Exit(1)
		}
		line, _ := json.Marshal(list(text))
		out.Write(append(line, '\n'))
	}
}
