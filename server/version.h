/* The program's version, as `egdb version`, /version and the metrics tell it. */
#ifndef EG_VERSION_H
#define EG_VERSION_H

#define EG_VERSION "0.1.0"

#endif
