#include "circle/calendar_zone.h"
#include "circle/calendar.h"

#include <libical/ical.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

bool calendar_zone_is_utc(const char *zone)
{
    static const char *const names[] = {"UTC", "Etc/UTC", "GMT", "Etc/GMT"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], zone) == 0) return true;
    }
    return false;
}

static void by_library(icaltimezone *zone, struct date utc, struct date *local)
{
    struct date_parts parts = date_parts(utc.day);
    struct icaltimetype at = icaltime_null_time();
    at.year = parts.year;
    at.month = parts.month;
    at.day = parts.day;
    at.hour = utc.minute / 60;
    at.minute = utc.minute % 60;
    at.zone = icaltimezone_get_utc_timezone();
    at = icaltime_convert_to_zone(at, zone);
    local->day = date_day(at.year, at.month, at.day);
    local->minute = (int16_t)(at.hour * 60 + at.minute);
}

static bool by_machine(struct date utc, struct date *local)
{
    struct tm parts;
    time_t seconds = ((time_t)utc.day * 1440 + utc.minute) * 60;
    if (localtime_r(&seconds, &parts) == NULL) return false;
    local->day = date_day(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
    local->minute = (int16_t)(parts.tm_hour * 60 + parts.tm_min);
    return true;
}

bool calendar_zone_local(const char *zone, struct date utc, struct date *local)
{
    int year = date_parts(utc.day).year;
    *local = utc;
    if (utc.minute < 0) return true;
    if (year < CALENDAR_ZONE_YEAR_MIN || year > CALENDAR_ZONE_YEAR_MAX) return false;
    if (zone[0] != 0) {
        icaltimezone_set_builtin_tzdata(
            0); /* the machine's own database, not libical's older one */
        icaltimezone *known = icaltimezone_get_builtin_timezone(zone);
        if (known != NULL) {
            by_library(known, utc, local);
            return true;
        }
    }
    return by_machine(utc, local);
}

/* Pages of the library's files, and of ICU's behind it, that nobody has changed: they come again
 * from there. A node is rarely asked for a calendar, and most of what one costs is this code. */
static int drop_pages(struct dl_phdr_info *library, size_t size, void *unused)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)size, (void)unused;
    if (strstr(library->dlpi_name, "/libical") == NULL &&
        strstr(library->dlpi_name, "/libicu") == NULL)
        return 0;
    for (size_t i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &library->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0) continue;
        const size_t from = (library->dlpi_addr + part->p_vaddr) & ~(page - 1);
        const size_t until = library->dlpi_addr + part->p_vaddr + part->p_memsz;
        (void)madvise((void *)from, until - from, MADV_DONTNEED); /* a matter of room alone */
    }
    return 0;
}

void calendar_zone_forget(void)
{
    icaltimezone_free_builtin_timezones();
    icalmemory_free_ring();
}

void calendar_rest(void)
{
    (void)dl_iterate_phdr(drop_pages, NULL);
    (void)malloc_trim(0);
}
