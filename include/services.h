#ifndef MILLGATE_SERVICES_H
#define MILLGATE_SERVICES_H
extern int services_placeholder;
#endif
