"""Rows as each revision's code would have stored them, in SQL that both databases understand."""

ROWS = {
    "0001": (
        """
        INSERT INTO onboarding_forms (brief_id, client_id, stage, responses, submitted_at,
            scope_deliverables, scope_exclusions, scope_timeline_weeks, objectives,
            target_audience, brand_guidelines, normalized_at, created_at, updated_at, revision)
        VALUES
        ('brief-1', 'client-é', 'NORMALIZED', '{"b":1,"a":2.0}', '2026-03-01 09:30:00.123456',
            '["posts"]', '[]', 6, '["reach"]', 'everyone', '{}', '2026-03-02 10:00:00.000001',
            '2026-03-01 09:30:00.123456', '2026-03-02 10:00:00.000001', 2),
        ('brief-2', 'client-é', 'INTAKE', '{}', '2026-03-03 00:00:00.000000',
            NULL, NULL, NULL, '[]', NULL, '{}', NULL,
            '2026-03-03 00:00:00.000000', '2026-03-03 00:00:00.000000', 1)
        """,
    ),
    "0002": (
        """
        INSERT INTO strategy_plans (strategy_id, brief_id, version, executive_summary, kpis,
            timeline, approval, decided_by, decided_at, created_at, updated_at, revision)
        VALUES
        ('plan-1', 'brief-1', 1, 'Be seen 🎯',
            '[{"name":"reach","target_value":1e3,"unit":"","timeframe_days":30}]',
            '{"duration_weeks":6,"milestones":[]}', 'APPROVED', 'Ada',
            '2026-03-05 12:00:00.500000', '2026-03-04 08:00:00.000000',
            '2026-03-05 12:00:00.500000', 3)
        """,
        """
        INSERT INTO strategy_recommendations
            (strategy_id, position, created_at, channel, budget_percent, rationale, tactics)
        VALUES ('plan-1', 0, '2026-03-04 08:00:00.000000', 'search', 33.3, '', '["ads"]'),
               ('plan-1', 1, '2026-03-04 08:00:00.000000', 'social', 66.7, 'they are there', '[]')
        """,
    ),
    "0003": (
        """
        INSERT INTO production_campaigns
            (campaign_id, strategy_id, name, created_at, updated_at, revision)
        VALUES ('campaign-1', 'plan-1', 'Spring', '2026-03-06 08:00:00.000000',
            '2026-03-06 08:00:00.000000', 1)
        """,
        """
        INSERT INTO production_tactics
            (campaign_id, position, created_at, channel, content_type, title)
        VALUES ('campaign-1', 0, '2026-03-06 08:00:00.000000', 'social', 'post', 'Hello'),
               ('campaign-1', 1, '2026-03-06 08:00:00.000000', 'search', 'ad', 'Look')
        """,
        """
        INSERT INTO production_drafts (draft_id, strategy_id, campaign_id, content_type, title,
            body, metadata, created_at, updated_at, revision)
        VALUES
        ('draft-1', 'plan-1', 'campaign-1', 'post', 'Hello', 'It''s spring.', '{"z":[1,2.50]}',
            '2026-03-07 08:00:00.000000', '2026-03-07 08:00:00.000000', 1),
        ('draft-2', 'plan-1', NULL, 'ad', 'Look', 'Here!', '{}',
            '2026-03-07 08:00:00.000000', '2026-03-07 09:00:00.000000', 4)
        """,
    ),
    "0004": (
        """
        INSERT INTO qc_results (result_id, draft_id, passed, score, evaluated_at, created_at,
            updated_at, revision)
        VALUES ('result-1', 'draft-1', false, 0.25, '2026-03-08 08:00:00.000000',
            '2026-03-08 08:00:00.000000', '2026-03-08 08:00:00.000000', 1)
        """,
        """
        INSERT INTO qc_issues (result_id, position, created_at, severity, section, reason)
        VALUES ('result-1', 0, '2026-03-08 08:00:00.000000', 'CRITICAL', 'title', 'too short'),
               ('result-1', 1, '2026-03-08 08:00:00.000000', 'MINOR', 'body', 'dull')
        """,
    ),
    "0005": (
        """
        INSERT INTO delivery_packages (package_id, draft_id, created_at, updated_at, revision)
        VALUES ('package-1', 'draft-1', '2026-03-09 08:00:00.000000',
                '2026-03-09 08:00:00.000000', 1),
               ('package-2', 'draft-1', '2026-03-09 08:00:00.000000',
                '2026-03-09 08:00:00.000000', 2)
        """,
        """
        INSERT INTO delivery_artifacts (package_id, position, created_at, name, url, format)
        VALUES ('package-1', 0, '2026-03-09 08:00:00.000000', 'C', 's3://bucket/c', 'pdf'),
               ('package-1', 1, '2026-03-09 08:00:00.000000', 'A', 's3://bucket/a', 'pdf'),
               ('package-2', 0, '2026-03-09 08:00:00.000000', 'B', 'https://example.com/b', 'png')
        """,
    ),
    "0006": (),
    "0007": (),
    "0008": (),
    "0009": ("INSERT INTO history_pruning (position) VALUES (1)",),
    "0010": (
        """
        INSERT INTO webhook_endpoints (endpoint_id, url, event_types, client_ids, description,
            enabled, disabled_reason, failing_since, position, secret, previous_secret,
            previous_secret_until, created_at, updated_at, revision)
        VALUES ('endpoint-1', 'https://example.com/é', '["draft.saved"]', '[]', '', true, NULL,
            NULL, 3, 'whsec_eA==', NULL, NULL, '2026-03-09 08:00:00.000000',
            '2026-03-09 08:00:00.000000', 1)
        """,
        """
        INSERT INTO webhook_deliveries (delivery_id, endpoint_id, event_id, event_type, entity_type,
            entity_key, position, state, attempt_count, failures, token, due_at, payload,
            created_at, finished_at)
        VALUES ('delivery-1', 'endpoint-1', 'event-1', 'draft.saved', 'draft', 'draft-1', 1,
            'DELIVERED', 1, 0, 1, NULL, '{}', '2026-03-09 08:00:00.000000',
            '2026-03-09 08:00:01.000000')
        """,
        """
        INSERT INTO webhook_attempts
            (delivery_id, position, created_at, duration_ms, status, error, response)
        VALUES ('delivery-1', 0, '2026-03-09 08:00:00.000000', 12, 204, NULL, '')
        """,
    ),
    "0011": (
        """
        INSERT INTO documents (sha256, application, operations, text, created_at)
        VALUES ('00', 'web', '["Title"]', '{ é: __typename }', '2026-03-09 08:00:00.000000')
        """,
    ),
    "0012": (),
    "0013": (),
    "0014": (
        """
        INSERT INTO access_tokens (token_id, kind, name, on_behalf_of, scopes, client_ids,
            expires_at, revoked_at, last_used_at, pepper_id, hash, created_at, updated_at, revision)
        VALUES ('token-1', 'agent', 'é', 'ada', '["strategy:read"]', '["client-1"]', NULL, NULL,
            '2026-03-09 08:00:00.000000', 'p1', 'abc', '2026-03-09 08:00:00.000000',
            '2026-03-09 08:00:00.000000', 1)
        """,
    ),
    "0015": (
        """
        INSERT INTO history_periods (number, first_at, last_at)
        VALUES (0, '2026-03-09 08:00:00.000000', '2026-03-09 08:00:01.000000')
        """,
    ),
    "0016": (
        """
        INSERT INTO files (file_id, client_id, name, media_type, size, sha256, created_by,
            created_at, updated_at, revision)
        VALUES ('file-1', 'client-é', 'é.pdf', 'application/pdf', 6442450944, 'ab', 'local',
            '2026-03-09 08:00:00.000000', '2026-03-09 08:00:00.000000', 1)
        """,
        """
        INSERT INTO uploads (upload_id, client_id, name, media_type, size, sha256, created_by,
            status, failure, expires_at, file_id, created_at, updated_at, revision)
        VALUES ('upload-1', NULL, 'é.pdf', 'application/pdf', 6442450944, 'ab', 'local',
            'FAILED', 'WRONG_SIZE', '2026-03-09 08:00:00.000000', 'file-1',
            '2026-03-09 08:00:00.000000', '2026-03-09 08:00:00.000000', 2)
        """,
        """
        INSERT INTO file_claims (sha256, owner, until)
        VALUES ('ab', 'upload-1', '2026-03-09 08:00:00.000000')
        """,
    ),
    "0017": (),
    "0018": (),
    "0019": (
        """
        UPDATE delivery_artifacts
        SET draft_revision = 2, qc_result_id = 'result-1', qc_revision = 1
        WHERE package_id = 'package-1' AND position = 0
        """,
    ),
    "0020": ("INSERT INTO file_checksums (sha256, crc32) VALUES ('ab', 4294967295)",),
    "0021": (
        """
        INSERT INTO imports (import_id, client_id, file_id, entity, error_policy, created_by,
            status, bytes_done, bytes_total, line_count, saved_count, rejected_count, error,
            result_file_id, finished_at, created_at, updated_at, revision)
        VALUES ('import-1', 'client-é', 'file-1', 'DRAFT', 'REJECT_EVERYTHING', 'local', 'FAILED',
            6442450944, 12884901888, 12, 0, 1, 'é', NULL, '2026-03-09 08:00:00.000000',
            '2026-03-09 08:00:00.000000', '2026-03-09 08:00:00.000000', 3)
        """,
        """
        INSERT INTO transfer_jobs (transfer_id, caller, failures, token, due_at, leased_until)
        VALUES ('import-1', '{"kind": "user"}', 0, 1, '2026-03-09 08:00:00.000000', NULL)
        """,
        """
        INSERT INTO transfer_lines (transfer_id, lines) VALUES ('import-1', '{"line": 1}')
        """,
    ),
    "0022": (
        """
        INSERT INTO exports (export_id, client_id, entity, filter, created_by, status, row_count,
            last_key, error, result_file_id, finished_at, created_at, updated_at, revision)
        VALUES ('export-1', 'client-é', 'DRAFT', '{"title": {"eq": "é"}}', 'local', 'SUCCEEDED', 12,
            'draft-12', NULL, 'file-1', '2026-03-09 08:00:00.000000',
            '2026-03-09 08:00:00.000000', '2026-03-09 08:00:00.000000', 3)
        """,
    ),
    "0023": ("UPDATE qc_issues SET hint = 'é', benchmark_id = 'tone' WHERE position = 1",),
    "0024": (
        """
        INSERT INTO workflow_runs (run_id, brief_id, workflow, workflow_version, status, channels,
            max_redrafts, require_approval, progress, error, started_by, strategy_id, campaign_id,
            cancelled_at, finished_at, client_id, created_at, updated_at, revision)
        VALUES ('run-1', 'brief-1', 'campaign', 1, 'FAILED', '["é"]', 1, true, 0.25, 'é', 'local',
            'plan-1', NULL, NULL, '2026-03-09 08:00:00.000000', 'client-é',
            '2026-03-09 08:00:00.000000', '2026-03-09 08:00:00.000000', 3)
        """,
        """
        INSERT INTO workflow_steps (run_id, position, created_at, name, tactic, status, attempts,
            started_at, finished_at, error, produced_type, produced_key, produced_revision)
        VALUES ('run-1', 0, '2026-03-09 08:00:00.000000', 'plan', NULL, 'SUCCEEDED', 1,
            '2026-03-09 08:00:00.000000', '2026-03-09 08:00:00.000000', NULL, 'StrategyPlan',
            'plan-1', 1)
        """,
        """
        INSERT INTO workflow_jobs (run_id, caller, failures, token, due_at, leased_until)
        VALUES ('run-1', '{"kind": "user"}', 0, 1, NULL, NULL)
        """,
    ),
    "0025": (
        """
        INSERT INTO workflow_exchanges (run_id, position, prompt, model, request, response, status,
            error, tokens, began_at, duration_ms)
        VALUES ('run-1', 0, 'draft', 'model-1', '{"é": 1}', '', NULL, 'é', 8000,
            '2026-03-09 08:00:00.000000', 1500)
        """,
    ),
}
