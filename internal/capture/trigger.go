package capture

import (
	"strings"

	"github.com/weighlock/weighlock/internal/lineage"
)

// triggers says what the events of CI systems mean; others are unknown.
var triggers = map[string]string{
	"push": "push", "pull_request": "push", "merge_request_event": "push", "merge_group": "push",
	"schedule": "schedule", "workflow_dispatch": "manual", "web": "manual", "chat": "manual",
}

// trigger says what started the run: a person, unless this is a CI job.
func (r *run) trigger() *lineage.Trigger {
	get := r.d.getenv
	switch {
	case get("GITHUB_EVENT_NAME") != "":
		t := &lineage.Trigger{Kind: kindOf(get("GITHUB_EVENT_NAME"))}
		if get("GITHUB_RUN_ID") != "" {
			t.URL = strings.Join([]string{get("GITHUB_SERVER_URL"), get("GITHUB_REPOSITORY"), "actions/runs", get("GITHUB_RUN_ID")}, "/")
		}
		return t
	case get("CI_PIPELINE_SOURCE") != "":
		return &lineage.Trigger{Kind: kindOf(get("CI_PIPELINE_SOURCE")), URL: get("CI_JOB_URL")}
	case get("CI") != "" || get("BUILD_URL") != "":
		return &lineage.Trigger{Kind: "unknown", URL: get("BUILD_URL")}
	}
	return &lineage.Trigger{Kind: "manual"}
}

func kindOf(event string) string {
	if kind, ok := triggers[event]; ok {
		return kind
	}
	return "unknown"
}

// tracker names the experiment tracker's run that this one is part of, where
// the environment says so.
func (r *run) tracker() *lineage.Tracker {
	for _, t := range []lineage.Tracker{
		{Name: "mlflow", Run: r.d.getenv("MLFLOW_RUN_ID")},
		{Name: "wandb", Run: r.d.getenv("WANDB_RUN_ID")},
	} {
		if strings.TrimSpace(t.Run) != "" {
			return &t
		}
	}
	return nil
}
