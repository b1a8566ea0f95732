/* Lines of blobs are counted once: most files of a commit are those of the one before. */
#include "indexer/mosaic_read.h"

#include <stdlib.h>
#include <string.h>

#include "indexer/extract.h"

#define PATHS_MOST_B ((size_t)1 << 30)

struct eg_mosaic_reader {
    git_repository *repo;
    git_odb *odb;
    struct eg_seen lines; /* by the blob; 1 more than it has */
    struct eg_arena *arenas[2]; /* of the paths: of the commit that is laid, and of the one to come */
};

static eg_status out_of_memory(struct eg_err *err) { return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out"); }

eg_status eg_mosaic_reader_new(git_repository *repo, struct eg_mosaic_reader **out, struct eg_err *err) {
    struct eg_mosaic_reader *reader = *out = calloc(1, sizeof(*reader));
    if (!reader || git_repository_odb(&reader->odb, repo) || !(reader->arenas[0] = eg_arena_new(PATHS_MOST_B)) ||
        !(reader->arenas[1] = eg_arena_new(PATHS_MOST_B))) {
        eg_mosaic_reader_free(reader);
        *out = NULL;
        return out_of_memory(err);
    }
    reader->repo = repo;
    return EG_OK;
}

void eg_mosaic_reader_free(struct eg_mosaic_reader *reader) {
    if (reader) {
        eg_arena_free(reader->arenas[0]);
        eg_arena_free(reader->arenas[1]);
        eg_seen_free(&reader->lines);
        git_odb_free(reader->odb);
        free(reader);
    }
}

static bool is_text(git_blob *blob) { return (size_t)git_blob_rawsize(blob) <= EG_MOSAIC_FILE_MOST_B && !git_blob_is_binary(blob); }

eg_status eg_mosaic_text(git_repository *repo, const git_oid *oid, git_blob **blob, struct eg_err *err) {
    const char *skipped;
    if (eg_repo_blob(repo, oid, blob, &skipped, err)) {
        return EG_FAIL;
    }
    if (*blob && !is_text(*blob)) {
        git_blob_free(*blob);
        *blob = NULL;
    }
    return EG_OK;
}

int eg_mosaic_lines(git_blob *blob) {
    const char *text = blob ? git_blob_rawcontent(blob) : NULL;
    size_t n = blob ? (size_t)git_blob_rawsize(blob) : 0;
    int lines = 0;
    for (const char *at = text, *end; at && at < text + n; at = end + 1) {
        end = memchr(at, '\n', n - (size_t)(at - text));
        end = end ? end : text + n;
        lines++;
    }
    return blob ? lines : 1;
}

int eg_mosaic_lines_laid(git_blob *blob) { return eg_mosaic_lines(is_text(blob) ? blob : NULL); }

static int *known_lines(struct eg_mosaic_reader *reader, const git_oid *oid, struct eg_err *err) {
    bool fresh;
    int *known = eg_seen_at(&reader->lines, eg_bytes64((const char *)oid->id, GIT_OID_RAWSZ), &fresh);
    if (!known) {
        out_of_memory(err);
    }
    return known;
}

eg_status eg_mosaic_reader_tell(struct eg_mosaic_reader *reader, const git_oid *oid, int lines, struct eg_err *err) {
    int *known = known_lines(reader, oid, err);
    if (known) {
        *known = lines + 1;
    }
    return known ? EG_OK : EG_FAIL;
}

/* Its size is asked first: a large blob is not read for nothing. */
static eg_status lines_of(struct eg_mosaic_reader *reader, const git_oid *oid, int *lines, struct eg_err *err) {
    size_t size_b = 0;
    git_object_t type;
    git_blob *blob = NULL;
    int *known = known_lines(reader, oid, err);
    if (!known) {
        return EG_FAIL;
    }
    if (*known == 0) {
        bool huge = git_odb_read_header(&size_b, &type, reader->odb, oid) == 0 && size_b > EG_MOSAIC_FILE_MOST_B;
        if (!huge && eg_mosaic_text(reader->repo, oid, &blob, err)) {
            return EG_FAIL;
        }
        *known = eg_mosaic_lines(blob) + 1;
        git_blob_free(blob);
    }
    *lines = *known - 1;
    return EG_OK;
}

eg_status eg_mosaic_read(struct eg_mosaic_reader *reader, const git_oid *commit, struct eg_mosaic *mosaic, size_t *left_out,
                         struct eg_err *err) {
    struct eg_arena *paths = reader->arenas[1];
    struct eg_tree_files files;
    eg_arena_reset(paths);
    if (eg_repo_files(reader->repo, commit, paths, &files, err)) {
        return EG_FAIL;
    }
    struct eg_mosaic_file *laid = calloc(files.n + 1, sizeof(*laid));
    eg_status status = laid ? EG_OK : out_of_memory(err);
    for (size_t i = 0; status == EG_OK && i < files.n; i++) {
        laid[i] = (struct eg_mosaic_file){.path = files.v[i].path, .path_len = files.v[i].path_len};
        status = lines_of(reader, &files.v[i].oid, &laid[i].lines, err);
    }
    *left_out = files.n_left_out;
    free(files.v);
    if (status) {
        free(laid);
        return EG_FAIL;
    }
    eg_mosaic_lay(mosaic, laid, files.n);
    reader->arenas[1] = reader->arenas[0];
    reader->arenas[0] = paths;
    return EG_OK;
}
