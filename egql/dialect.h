/* What a store's SQL has of its own: one const struct a store. Texts are patterns: % stands for an expression, ^ for a
 * second one. */
#ifndef EGQL_DIALECT_H
#define EGQL_DIALECT_H

#include "egql/egql.h"

#define EGQL_MOST_SORTS 3

struct egql_dialect {
    const char *name;
    char mark; /* before a parameter's number */

    /* A place in a JSON document. % is the document, ^ the path's parts, each a parameter with a comma before it. */
    const char *json_whole, *json_at; /* what the other json patterns call %: without a path, with one */
    const char *json; /* the value as JSON, NULL when missing or null; equal values are grouped by json_group */
    const char *json_group;
    const char *json_item; /* of a grouped answer: must be the group's expression where the store wants that */
    const char *json_text, *json_number, *json_bool, *json_integer; /* the value when it has that type, else NULL */
    const char *json_real;    /* a number as a double */
    const char *json_ordered; /* … to be less or more than a whole one: whole ones exactly, others as doubles */
    bool json_equals;          /* values as JSON compare as their own types do: whole numbers exactly, texts by their bytes */
    const char *json_contains; /* % the document, ^ a document that it contains; NULL: nothing is gained by it */
    const char
        *json_sort[EGQL_MOST_SORTS]; /* numbers, strings, booleans, the rest; % is json_group's. NULL behind the last */
    const char *json_min, *json_max; /* over json_group's */
    const char *json_again;          /* json_group of a value that json, json_min or json_max has given */

    const char *match, *no_match;                            /* text %, pattern ^ */
    const char *text;                                        /* % in bytewise order */
    const char *real;                                        /* % as a double */
    const char *sum_whole, *sum_real, *average, *percentile; /* percentile: % double, ^ the fraction */
    const char *bool_min, *bool_max;
    const char *descending, *ascending; /* with null last */
    const char *tie; /* ascending, null last, in a form that an index can have; % and ^ are the same */
    const char *unordered; /* an expression of the same value, which no index is walked for the order of */

    const char *elements; /* a FROM item: the strings of the JSON array %, as column `value` of ^ */
    const char *levels;   /* a derived table (depth, ids) of the JSON array of arrays of ids %; depth from 1 */
    const char *level_nodes; /* … one (id, depth), each id a row */
    const char *among;    /* % is one of the ids in the JSON text ^: looked for in an index by each of them */
    const char *least;    /* the ^ least of the ids that the query % gives in its column id, once each, ascending */
    const char *first_rows; /* joins s, rows of table ^; % is a condition on s and on what stands before, with an order and
                               a limit that hold for each row before */
    bool sorts_whole_rows; /* all rows of a walk, before the first can leave: where it has many they are chosen by their keys first */
    const char *parents;  /* a FROM item: the strings of a JSON column % that may be no array, as column `value` of p */
    const char *whole;    /* text % as a bigint */
    const char *bucket;   /* the begin of the span of ^ seconds that time % is in; spans are counted from the first Monday of year 1 */
    const char *elapsed_ms; /* from time % to time ^, a double */
    const char *event_join; /* joins e, the event of s; % is the column with its id */

    const char *explain; /* before a statement */
    bool explain_json;   /* its one row is PostgreSQL's JSON; else rows of SQLite's EXPLAIN QUERY PLAN */
};

extern const struct egql_dialect egql_dialect_postgresql, egql_dialect_sqlite;

#endif
