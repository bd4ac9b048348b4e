/* symbols.sh must find this name twice. */
int common_name(void);
int common_name(void)
{
	return 1;
}
