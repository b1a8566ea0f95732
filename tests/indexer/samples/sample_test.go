package main
import "fmt"
import (
  m "math"
  "github.com/x/y"
)
type T struct { a int }
type I interface { M(a, b int) error }
func (t *T) Load(a, b int, c ...string) (int, error) { if a > b && true { fmt.Println(t.x()) }; switch a { case 1: default: } ; return m.Abs(a), nil }
func helper[K any](f func(int) int) K { return y.Go[int](f) }
func TestX(t *testing.T) { go helper(nil) }
