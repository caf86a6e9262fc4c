#include "daemon/cli/commands.h"

int main(int argc, char** argv) { return b24::run_program(argc, argv); }
