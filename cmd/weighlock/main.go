// Command weighlock is the gate between a trained model and its users.
package main

import (
	"os"

	"github.com/weighlock/weighlock/internal/cli"
)

func main() { os.Exit(cli.Main()) }
