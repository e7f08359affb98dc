// Renders a chart's templates for the linter, as `helm template` would: Go's text/template, the functions of sprig, and those
// that Helm adds. It reads {"templates": {NAME: TEXT}, "values": {...}, "chart": {...}} on standard input and writes
// {"rendered": {NAME: TEXT}} or {"error": TEXT}. For Debian's golang-go, golang-github-masterminds-sprig-dev and
// golang-k8s-sigs-yaml-dev; `infra/scripts/lint-infra/render-chart.mjs` runs it.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type request struct {
	Templates map[string]string      `json:"templates"`
	Values    map[string]interface{} `json:"values"`
	Chart     map[string]interface{} `json:"chart"`
	Release   map[string]interface{} `json:"release"`
}

// The functions of Helm's engine (pkg/engine) that need no cluster.
func functions(root *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	// Helm leaves them out: a chart may not read the machine it is rendered on.
	delete(all, "env")
	delete(all, "expandenv")
	all["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := root.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	all["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return value, errors.New(message)
		}
		return value, nil
	}
	all["fail"] = func(message string) (string, error) { return "", errors.New(message) }
	return all
}

func render(asked request) (map[string]string, error) {
	root := template.New("chart").Option("missingkey=zero")
	root.Funcs(functions(root))
	for name, text := range asked.Templates {
		if _, err := root.New(name).Parse(text); err != nil {
			return nil, err
		}
	}
	rendered := map[string]string{}
	for name := range asked.Templates {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		data := map[string]interface{}{
			"Values": asked.Values, "Chart": asked.Chart, "Release": asked.Release,
			"Template": map[string]interface{}{"Name": name},
		}
		var out bytes.Buffer
		if err := root.ExecuteTemplate(&out, name, data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		// As Helm does: a value that is not there is nothing.
		rendered[name] = strings.ReplaceAll(out.String(), "<no value>", "")
	}
	return rendered, nil
}

func main() {
	var asked []request
	decoder := json.NewDecoder(os.Stdin)
	if err := decoder.Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := []map[string]interface{}{}
	for _, one := range asked {
		rendered, err := render(one)
		if err != nil {
			answers = append(answers, map[string]interface{}{"error": err.Error()})
		} else {
			answers = append(answers, map[string]interface{}{"rendered": rendered})
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
