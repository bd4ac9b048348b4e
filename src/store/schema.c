/*
 * schema.c - the tables, for both engines. A change is a new entry at the end of `versions`; what was released is never edited.
 *
 * Times are ms, states are words, truth is 0 or 1. Each index has the order of the query that needs it.
 */
#include "base/scope.h"
#include "sql.h"

static const char *const version_1[] = {
	"CREATE TABLE delivery (seq {id}, integration {text} NOT NULL, id {text} NOT NULL,"
	" state {text} NOT NULL, kind {text} NOT NULL, name {text} NOT NULL, tenant {text} NOT NULL,"
	" repository {text} NOT NULL, number {int} NOT NULL, sender {text} NOT NULL,"
	" reason {text} NOT NULL, event {text} NOT NULL, received {int} NOT NULL,"
	" times {int} NOT NULL, UNIQUE (integration, id)) {strict}",
	"CREATE INDEX delivery_age ON delivery (received)",
	"CREATE INDEX delivery_tenant ON delivery (tenant, seq)",

	"CREATE TABLE job (id {id}, kind {text} NOT NULL, tenant {text} NOT NULL,"
	" integration {text} NOT NULL, repository {text} NOT NULL, number {int} NOT NULL,"
	" head {text} NOT NULL, lane {text} NOT NULL, unique_key {text} NOT NULL,"
	" priority {int} NOT NULL, run_at {int} NOT NULL, state {text} NOT NULL,"
	" stop {text} NOT NULL DEFAULT 'none', attempt {int} NOT NULL DEFAULT 0,"
	" max_attempts {int} NOT NULL, crashes {int} NOT NULL DEFAULT 0,"
	" token {int} NOT NULL DEFAULT 0, deadline {int} NOT NULL DEFAULT 0,"
	" worker {text} NOT NULL DEFAULT '', stage {text} NOT NULL DEFAULT '',"
	" supersedes {int} NOT NULL DEFAULT 0,"
	" progress {text} NOT NULL DEFAULT '', error {text} NOT NULL DEFAULT '',"
	" payload {text} NOT NULL, result {text} NOT NULL DEFAULT '', created {int} NOT NULL,"
	" started {int} NOT NULL DEFAULT 0, ended {int} NOT NULL DEFAULT 0) {strict}",
	/* the order of the claim, and all that it looks at */
	"CREATE INDEX job_queue ON job (priority, run_at, id, tenant, integration, repository, lane,"
	" kind) WHERE state = 'queued'",
	"CREATE INDEX job_due ON job (run_at, tenant) WHERE state = 'queued'",
	"CREATE INDEX job_running ON job (tenant, integration, repository) WHERE state = 'leased'",
	"CREATE INDEX job_leased ON job (deadline) WHERE state = 'leased'",
	/* the law that one lane runs once stands here and not only in the claim */
	"CREATE UNIQUE INDEX job_lane ON job (lane) WHERE state = 'leased' AND lane <> ''",
	"CREATE INDEX job_waiting_lane ON job (lane, kind) WHERE state IN ('queued', 'leased')",
	"CREATE UNIQUE INDEX job_unique ON job (unique_key)"
	" WHERE unique_key <> '' AND state IN ('queued', 'leased')",
	"CREATE INDEX job_tenant ON job (tenant, id)",
	/* counts are asked for every few seconds, and rows are large. Not (state, tenant): SQLite would take it for the claim */
	"CREATE INDEX job_state ON job (tenant, state)",
	"CREATE INDEX job_pull ON job (integration, repository, number, id)",
	"CREATE INDEX job_ended ON job (state, ended) WHERE ended > 0",

	"CREATE TABLE outbox (id {id}, job {int} NOT NULL, integration {text} NOT NULL,"
	" repository {text} NOT NULL, number {int} NOT NULL, kind {text} NOT NULL,"
	" marker {text} NOT NULL, request {text} NOT NULL, answer {text} NOT NULL DEFAULT '',"
	" error {text} NOT NULL DEFAULT '', state {text} NOT NULL, sends {int} NOT NULL DEFAULT 0,"
	" created {int} NOT NULL, changed {int} NOT NULL,"
	" UNIQUE (integration, repository, marker)) {strict}",
	"CREATE INDEX outbox_job ON outbox (job, id)",
	"CREATE INDEX outbox_age ON outbox (changed)",

	"CREATE TABLE repository (integration {text} NOT NULL, name {text} NOT NULL,"
	" tenant {text} NOT NULL, installation {text} NOT NULL, settings {text} NOT NULL,"
	" paused {int} NOT NULL, muted {int} NOT NULL, gone {int} NOT NULL, seen {int} NOT NULL,"
	" created {int} NOT NULL, PRIMARY KEY (integration, name)) {strict}",

	"CREATE TABLE pull (seq {id}, integration {text} NOT NULL, repository {text} NOT NULL,"
	" number {int} NOT NULL, tenant {text} NOT NULL, title {text} NOT NULL, url {text} NOT NULL,"
	" author {text} NOT NULL, base_ref {text} NOT NULL, state {text} NOT NULL,"
	" paused {int} NOT NULL DEFAULT 0, head {text} NOT NULL, reviewed {text} NOT NULL DEFAULT '',"
	" reviewed_base {text} NOT NULL DEFAULT '', summary {text} NOT NULL DEFAULT '', memory {text} NOT NULL DEFAULT '',"
	" checks {text} NOT NULL DEFAULT '', created {int} NOT NULL, changed {int} NOT NULL,"
	" UNIQUE (integration, repository, number)) {strict}",
	"CREATE INDEX pull_changed ON pull (changed, seq)",

	"CREATE TABLE thread (seq {id}, integration {text} NOT NULL, repository {text} NOT NULL,"
	" number {int} NOT NULL, fingerprint {text} NOT NULL, path {text} NOT NULL,"
	" rule {text} NOT NULL, line {int} NOT NULL, thread {text} NOT NULL, comment {text} NOT NULL,"
	" state {text} NOT NULL, first_head {text} NOT NULL, last_head {text} NOT NULL,"
	" created {int} NOT NULL, changed {int} NOT NULL,"
	" UNIQUE (integration, repository, number, fingerprint)) {strict}",

	"CREATE TABLE review (id {id}, job {int} NOT NULL UNIQUE, tenant {text} NOT NULL,"
	" integration {text} NOT NULL, repository {text} NOT NULL, number {int} NOT NULL,"
	" head {text} NOT NULL, base {text} NOT NULL, conclusion {text} NOT NULL,"
	" figures {text} NOT NULL, decisions {text} NOT NULL, created {int} NOT NULL) {strict}",
	"CREATE INDEX review_tenant ON review (tenant, id)",
	"CREATE INDEX review_pull ON review (integration, repository, number, id)",
	"CREATE INDEX review_age ON review (created)",

	"CREATE TABLE fate (integration {text} NOT NULL, repository {text} NOT NULL,"
	" number {int} NOT NULL, fingerprint {text} NOT NULL, fate {text} NOT NULL,"
	" tenant {text} NOT NULL, rule {text} NOT NULL, prefix {text} NOT NULL, n {int} NOT NULL,"
	" at {int} NOT NULL, PRIMARY KEY (integration, repository, number, fingerprint, fate)) {strict}",
	"CREATE INDEX fate_rule ON fate (integration, repository, rule, prefix)",

	"CREATE TABLE mute (integration {text} NOT NULL, repository {text} NOT NULL,"
	" number {int} NOT NULL, rule {text} NOT NULL, prefix {text} NOT NULL, tenant {text} NOT NULL,"
	" reason {text} NOT NULL, author {text} NOT NULL, since {int} NOT NULL,"
	" lifted {int} NOT NULL,"
	" PRIMARY KEY (integration, repository, number, rule, prefix)) {strict}",

	"CREATE TABLE ci (id {id}, tenant {text} NOT NULL, integration {text} NOT NULL,"
	" repository {text} NOT NULL, number {int} NOT NULL, head {text} NOT NULL,"
	" run {text} NOT NULL, attempt {int} NOT NULL, name {text} NOT NULL, app {text} NOT NULL,"
	" branch {text} NOT NULL, url {text} NOT NULL, action {text} NOT NULL,"
	" status {text} NOT NULL, created {int} NOT NULL, changed {int} NOT NULL,"
	" UNIQUE (integration, repository, run, attempt)) {strict}",
	"CREATE INDEX ci_tenant ON ci (tenant, id)",
	"CREATE INDEX ci_head ON ci (integration, repository, head, id)",
	"CREATE INDEX ci_age ON ci (changed)",

	/* tokens are counted in thousandths, so that slow buckets fill at all */
	"CREATE TABLE rate (credential {text} NOT NULL, bucket {text} NOT NULL, capacity {int} NOT NULL,"
	" period {int} NOT NULL, milli {int} NOT NULL, reset {int} NOT NULL, blocked {int} NOT NULL,"
	" changed {int} NOT NULL, PRIMARY KEY (credential, bucket)) {strict}",

	"CREATE TABLE worker (id {text} PRIMARY KEY NOT NULL, host {text} NOT NULL,"
	" version {text} NOT NULL, slots {int} NOT NULL, busy {int} NOT NULL, draining {int} NOT NULL,"
	" detail {text} NOT NULL, started {int} NOT NULL, seen {int} NOT NULL) {strict}",

	"CREATE TABLE leader (name {text} PRIMARY KEY NOT NULL, holder {text} NOT NULL,"
	" term {int} NOT NULL, deadline {int} NOT NULL) {strict}",

	"CREATE TABLE cron (name {text} PRIMARY KEY NOT NULL, spec {text} NOT NULL,"
	" enabled {int} NOT NULL, next {int} NOT NULL, last {int} NOT NULL, kind {text} NOT NULL,"
	" tenant {text} NOT NULL, integration {text} NOT NULL, repository {text} NOT NULL,"
	" number {int} NOT NULL, lane {text} NOT NULL, unique_key {text} NOT NULL,"
	" priority {int} NOT NULL, max_attempts {int} NOT NULL, payload {text} NOT NULL) {strict}",

	"CREATE TABLE session (seq {id}, hash {text} NOT NULL UNIQUE, token {int} NOT NULL,"
	" subject {text} NOT NULL, tenant {text} NOT NULL, everything {int} NOT NULL,"
	" role {text} NOT NULL, label {text} NOT NULL, created {int} NOT NULL,"
	" expires {int} NOT NULL, used {int} NOT NULL) {strict}",
	"CREATE INDEX session_expires ON session (expires) WHERE expires > 0",

	"CREATE TABLE audit (id {id}, at {int} NOT NULL, tenant {text} NOT NULL, actor {text} NOT NULL,"
	" action {text} NOT NULL, subject {text} NOT NULL, detail {text} NOT NULL) {strict}",
	"CREATE INDEX audit_tenant ON audit (tenant, id)",
	"CREATE INDEX audit_age ON audit (at)",
	NULL,
};

static const char *const *const versions[] = { version_1 };

enum { NEWEST = COUNT(versions) };

static int apply(struct store *store, size_t version, struct err *err)
{
	for (const char *const *text = versions[version]; *text; text++)
		if (sql_run(store, NULL, NULL, *text, NULL, 0, err) < 0)
			return err_wrap(err, "schema version %zu", version + 1);
	return SQL(store, NULL, NULL, err, "UPDATE outrider_schema SET version = $1",
		   N((int64_t)version + 1));
}

static int migrate(struct store *store, void *payload, struct err *err)
{
	struct arena *mem = payload;
	struct sql_rows rows;
	int64_t have;

	if (sql_lock(store, LOCK_SCHEMA, err) < 0)
		return -1;
	if (sql_run(store, mem, &rows, "CREATE TABLE IF NOT EXISTS outrider_schema"
		    " (one {int} PRIMARY KEY NOT NULL CHECK (one = 1), version {int} NOT NULL) {strict}",
		    NULL, 0, err) < 0)
		return -1;
	if (SQL(store, mem, &rows, err, "INSERT INTO outrider_schema (one, version) VALUES (1, $1)"
		" ON CONFLICT (one) DO NOTHING", N(0)) < 0)
		return -1;
	if (sql_run(store, mem, &rows, "SELECT version FROM outrider_schema", NULL, 0, err) < 0)
		return -1;
	have = row_int(&rows, 0, 0);
	if (have > NEWEST)
		return err_set(err, ERR_PERM, "the database was made by a newer Outrider: its schema is "
			       "version %lld, this program knows %d", (long long)have, NEWEST);
	for (size_t v = (size_t)have; v < NEWEST; v++)
		if (apply(store, v, err) < 0)
			return -1;
	return 0;
}

int schema_migrate(struct store *store, struct err *err)
{
	AUTO_ARENA struct arena mem;

	arena_init(&mem, 1 << 20);
	return sql_transact(store, SQL_DURABLE, migrate, &mem, err);
}
