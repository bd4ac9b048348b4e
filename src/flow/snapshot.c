#include "snapshot.h"

static struct str fixed_text(const struct finding *f, struct str code, struct arena *mem)
{
	return fixes_apply(mem, code, &f, 1);
}

static bool is_number(const struct yaml *yaml, uint32_t n)
{
	uint64_t value;

	return yaml && str_to_u64(yaml->text, &value) && value == n;
}

static bool label_equal(const struct yaml *stored, const struct label *label, struct str code)
{
	const struct yaml *source = yaml_get(stored, "source"), *style = yaml_get(stored, "style");
	const struct yaml *message = yaml_get(stored, "message");

	return source && str_eq(source->text, str_sub(code, label->span.start, label->span.end)) &&
	       style && str_eq(style->text, label->primary ? STR("primary") : STR("secondary")) &&
	       str_eq(message ? message->text : (struct str){ 0 }, label->message) &&
	       is_number(yaml_get(stored, "start"), label->span.start) &&
	       is_number(yaml_get(stored, "end"), label->span.end);
}

bool snapshot_equal(const struct yaml *stored, const struct finding *found, struct str code,
		    struct arena *mem)
{
	const struct yaml *fixed = yaml_get(stored, "fixed"), *labels = yaml_get(stored, "labels");

	if ((fixed != NULL) != found->has_fix ||
	    (fixed && !str_eq(fixed->text, fixed_text(found, code, mem))))
		return false;
	if ((labels ? labels->n : 0) != found->n_labels)
		return false;
	for (size_t i = 0; i < found->n_labels; i++)
		if (!label_equal(labels->child[i], &found->labels[i], code))
			return false;
	return true;
}

/* JSON's strings are YAML's double-quoted ones. */
static void quote(struct buf *out, struct str s)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_add(out, STR("\\n"));
		else if (c == '\t')
			buf_add(out, STR("\\t"));
		else if (c < 0x20)
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_byte(out, s.p[i]);
	}
	buf_add_byte(out, '"');
}

void snapshot_write(struct buf *out, const struct finding *found, struct str code,
		    struct arena *mem)
{
	buf_add(out, STR("  ? "));
	quote(out, code);
	buf_add(out, STR("\n  : "));
	if (found->has_fix) {
		buf_add(out, STR("fixed: "));
		quote(out, fixed_text(found, code, mem));
		buf_add(out, STR("\n    "));
	}
	buf_add(out, STR("labels:\n"));
	for (size_t i = 0; i < found->n_labels; i++) {
		const struct label *label = &found->labels[i];

		buf_add(out, STR("    - source: "));
		quote(out, str_sub(code, label->span.start, label->span.end));
		buf_printf(out, "\n      style: %s\n", label->primary ? "primary" : "secondary");
		if (label->message.len) {
			buf_add(out, STR("      message: "));
			quote(out, label->message);
			buf_add_byte(out, '\n');
		}
		buf_printf(out, "      start: %u\n      end: %u\n", label->span.start,
			   label->span.end);
	}
}
