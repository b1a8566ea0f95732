/* PostgreSQL 15. A cast stands inside a CASE on the value's type, so that none can fail. */
#include "egql/dialect.h"

/* Numbers, strings, booleans, then arrays and objects. */
#define SORT_KIND                                                                                                      \
    "CASE jsonb_typeof(%) WHEN 'number' THEN 1 WHEN 'string' THEN 2 WHEN 'boolean' THEN 3 WHEN 'array' THEN 4"         \
    " WHEN 'object' THEN 4 END"
#define SORT_NUMBER "CASE jsonb_typeof(%) WHEN 'number' THEN (%)::numeric END"
#define SORT_TEXT "CASE jsonb_typeof(%) WHEN 'number' THEN NULL ELSE (% #>> '{}') COLLATE \"C\" END"

const struct egql_dialect egql_dialect_postgresql = {
    .name = "postgresql",
    .mark = '$',
    .json_whole = "%",
    .json_at = "jsonb_extract_path(%^)",
    .json = "nullif(%, 'null')",
    .json_group = "nullif(%, 'null')",
    .json_item = "nullif(%, 'null')",
    .json_text = "CASE jsonb_typeof(%) WHEN 'string' THEN (% #>> '{}') COLLATE \"C\" END",
    .json_number = "CASE jsonb_typeof(%) WHEN 'number' THEN (%)::numeric END",
    .json_integer =
        "CASE jsonb_typeof(%) WHEN 'number' THEN CASE WHEN (%)::numeric = trunc((%)::numeric) AND (%)::numeric BETWEEN"
        " -9223372036854775808 AND 9223372036854775807 THEN (%)::bigint END END",
    .json_bool = "CASE jsonb_typeof(%) WHEN 'boolean' THEN (%)::boolean END",
    .json_real = "CASE jsonb_typeof(%) WHEN 'number' THEN (%)::double precision END",
    .json_ordered = /* by its text, since a double becomes a numeric of 15 digits */
    "CASE jsonb_typeof(%) WHEN 'number' THEN CASE WHEN (%)::numeric = trunc((%)::numeric) THEN (%)::numeric ELSE"
    " (%)::double precision::text::numeric END END",
    .json_equals = true,
    .json_contains = "% @> ^",
    .json_sort = {SORT_KIND, SORT_NUMBER, SORT_TEXT},
    .json_min = "(array_agg(% ORDER BY " SORT_KIND ", " SORT_NUMBER ", " SORT_TEXT ") FILTER (WHERE % IS NOT NULL))[1]",
    .json_again = "%",
    .json_max = "(array_agg(% ORDER BY " SORT_KIND " DESC, " SORT_NUMBER " DESC, " SORT_TEXT
                " DESC) FILTER (WHERE % IS NOT NULL))[1]",
    .match = "% ~ ^",
    .no_match = "% !~ ^",
    .text = "(%) COLLATE \"C\"",
    .real = "(%)::double precision",
    .sum_whole = "sum(%)::bigint",
    .sum_real = "sum((%)::double precision)",
    .average = "avg((%)::double precision)",
    .percentile = "percentile_cont(^) WITHIN GROUP (ORDER BY (%)::double precision)",
    .bool_min = "bool_and(%)",
    .bool_max = "bool_or(%)",
    .descending = " DESC NULLS LAST",
    .ascending = "",
    .tie = "%",
    .unordered = "%",
    .elements = "jsonb_array_elements_text(%) AS ^(value)",
    .levels = "(SELECT l.depth::integer AS depth, l.ids::text AS ids FROM json_array_elements(%::json) WITH ORDINALITY AS l(ids, depth))",
    .level_nodes = "(SELECT v.value::bigint AS id, l.depth::integer AS depth FROM json_array_elements(%::json) WITH ORDINALITY "
                   "AS l(ids, depth), json_array_elements_text(l.ids) AS v(value))",
    .among = "% = ANY ((SELECT translate(^, '[]', '{}')::bigint[])::bigint[])", /* an array that is read once, not for each row */
    .least = "SELECT DISTINCT u.id FROM (%) u ORDER BY 1 LIMIT ^",
    .first_rows = " CROSS JOIN LATERAL (SELECT s.* FROM ^ s WHERE %) s",
    .parents = "jsonb_array_elements_text(CASE jsonb_typeof(%) WHEN 'array' THEN % ELSE '[]' END) AS p(value)",
    .whole = "(%)::bigint",
    .bucket = "date_bin(^ * interval '1 second', %, timestamptz '0001-01-01 00:00:00+00')",
    .elapsed_ms = "(extract(epoch FROM ^ - %) * 1000)::double precision",
    /* By way of event_ids, whose time leads to one partition instead of all. */
    .event_join = " LEFT JOIN \"event_ids\" i ON i.\"id\" = % LEFT JOIN \"events\" e ON e.\"id\" = i.\"id\" AND "
                  "e.\"ts_utc\" = i.\"ts_utc\"",
    .explain = "EXPLAIN (FORMAT JSON) ",
    .explain_json = true,
};
