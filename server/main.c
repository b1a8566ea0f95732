/* The program. What it does stands in cli/; how the server is put together, in app.c. */
#include "server/cli/cli.h"

int main(int argc, char **argv) { return (int)eg_cli_main(argc, argv); }
