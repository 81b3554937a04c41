// Resolves a Compose file as `docker compose config` does, without a daemon: compose ENV_FILE COMPOSE_FILE PROFILE...
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[2:3],
		cli.WithOsEnv,
		cli.WithEnvFiles(os.Args[1]),
		cli.WithDotEnv,
		cli.WithProfiles(os.Args[3:]),
	)
	if err == nil {
		var resolved []byte
		project, failure := options.LoadProject(context.Background())
		if err = failure; err == nil {
			if resolved, err = project.MarshalJSON(); err == nil {
				fmt.Println(string(resolved))
				return
			}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
