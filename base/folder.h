/* Folders on the way to a file. */
#ifndef EG_BASE_FOLDER_H
#define EG_BASE_FOLDER_H

/* Makes the folders that stand before the last / of the path, as far as they are not there. What cannot be made shows when the file is
 * opened. */
void eg_folders_make(const char *path);

#endif
