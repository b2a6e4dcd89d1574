package project

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
)

// document is the project file's JSON, in the schema's shape.
type document struct {
	Name, Task, Owner, Use, Level, Mode string
	File                                fileList
	Data                                struct {
		Train, Test    *tableDocument
		NearDuplicates *struct{ Max float64 } `json:"near_duplicates"`
	}
	Predictions *Predictions
	Base        *Base
	Spec        *SpecPart
	Run         struct {
		Inputs, Outputs []string
		Parameters      string
		Seeds           map[string]scalarText
	}
	Policy struct{ Parameters map[string]any }
}

type tableDocument struct {
	File, ID, Time, Label, SHA256, Store string
	Positive                             *scalarText
	Labels, Classes                      []string
	Group, Unit, Weight, Series          string
	Season                               int
	Decision, Propensity                 string
	Decided                              *scalarText
	Matures, Labelled                    string
}

// decode fills p from checked JSON.
func (p *Project) decode(text []byte) error {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return err
	}
	p.Name, p.Task, p.Owner, p.Use = d.Name, d.Task, d.Owner, d.Use
	p.Level, p.Mode = or(d.Level, DefaultLevel), or(d.Mode, DefaultMode)
	p.Files = d.File
	p.Data = Data{Train: d.Data.Train.table(), Test: d.Data.Test.table(), NearDuplicates: DefaultNearDuplicates}
	if n := d.Data.NearDuplicates; n != nil {
		p.Data.NearDuplicates = n.Max
	}
	if p.Predictions = d.Predictions; p.Predictions != nil {
		p.Predictions.File = path.Clean(p.Predictions.File)
		p.Predictions.ID = or(p.Predictions.ID, p.Data.Test.ID)
		if e := p.Predictions.Explanations; e != nil {
			e.File = path.Clean(e.File)
			if p.Data.Test.ID != "" {
				e.ID = or(e.ID, p.Predictions.ID)
			}
		}
	}
	p.SpecPart, p.Base = d.Spec, d.Base
	p.Run = Run{Inputs: d.Run.Inputs, Outputs: d.Run.Outputs, Parameters: d.Run.Parameters}
	for name, seed := range d.Run.Seeds {
		if p.Run.Seeds == nil {
			p.Run.Seeds = map[string]string{}
		}
		p.Run.Seeds[name] = string(seed)
	}
	p.Parameters = d.Policy.Parameters
	return nil
}

func (d *tableDocument) table() *Table {
	if d == nil {
		return nil
	}
	t := &Table{File: path.Clean(d.File), ID: d.ID, Time: d.Time, Label: d.Label, Positive: DefaultPositive, SHA256: d.SHA256, Store: d.Store,
		Labels: d.Labels, Classes: d.Classes, Group: d.Group, Unit: d.Unit, Weight: d.Weight, Series: d.Series, Season: d.Season,
		Decision: d.Decision, Propensity: d.Propensity, Matures: d.Matures, Labelled: d.Labelled}
	if d.Positive != nil {
		t.Positive = string(*d.Positive)
	}
	switch {
	case d.Decided != nil:
		t.Decided = string(*d.Decided)
	case d.Decision != "":
		t.Decided = DefaultDecided
	}
	return t
}

// fileList is one path or a list of them.
type fileList []string

func (l *fileList) UnmarshalJSON(text []byte) error {
	var list []string
	if text[0] == '[' {
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
	} else {
		list = []string{""}
		if err := json.Unmarshal(text, &list[0]); err != nil {
			return err
		}
	}
	for i := range list {
		list[i] = path.Clean(list[i])
	}
	*l = list
	return nil
}

// scalarText is a scalar as it was written.
type scalarText string

func (s *scalarText) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return err
	}
	*s = scalarText(fmt.Sprint(v))
	return nil
}

// UnmarshalJSON parts the limits, which stand beside the other fields, from
// them.
func (p *SlicesPart) UnmarshalJSON(text []byte) error {
	var known struct {
		By       []string
		Order    int
		MinRows  int    `json:"min_rows"`
		TooSmall string `json:"too_small"`
	}
	limits, err := split[SliceLimit](text, &known, "by", "order", "min_rows", "too_small")
	*p = SlicesPart{known.By, known.Order, known.MinRows, known.TooSmall, limits}
	return err
}

// UnmarshalJSON parts the limits from the other fields.
func (p *FairnessPart) UnmarshalJSON(text []byte) error {
	var known struct {
		By        []string
		Reference map[string]string
		MinRows   int `json:"min_rows"`
	}
	limits, err := split[Limit](text, &known, "by", "reference", "min_rows")
	*p = FairnessPart{known.By, known.Reference, known.MinRows, limits}
	return err
}

// split decodes the named fields of an object into known, and every other
// one into a map.
func split[T any](text []byte, known any, fields ...string) (map[string]T, error) {
	if err := json.Unmarshal(text, known); err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	for _, f := range fields {
		delete(all, f)
	}
	rest := map[string]T{}
	for name, raw := range all {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rest[name] = v
	}
	return rest, nil
}
