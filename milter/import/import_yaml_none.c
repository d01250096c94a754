/*
 * import_yaml_none - a build without libyaml
 */
#include "import_priv.h"

bool
import_read_yaml(struct import *im, const char *path, const char *text,
    size_t len)
{
	(void)text;
	(void)len;
	return import_error(im, path, 0, "this millgatectl was built without "
	    "libyaml and cannot read YAML; set plan sections by hand");
}
