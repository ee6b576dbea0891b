package parser

import "strings"

// functionGroup is a set of functions that do the same kind of thing.
type functionGroup struct {
	effects EffectSet
	traits  TraitSet
	// extension is true where the functions come from an extension, which may be
	// installed in any schema. All others live in pg_catalog, and a function of the
	// same name in another schema is somebody else's.
	extension bool
	// arguments is their number where a function of the same name with another number
	// of them does nothing; else 0.
	arguments int
	names     string
}

// functionGroups are the functions with side effects beyond their result, of
// PostgreSQL 14 to 18 and the extensions that come with it, and some well-known ones.
// test/functions proves against the servers that every volatile function is either
// here or known to be harmless.
//
// With Delete and Update the arguments are the object: one where they are constants.
// With Dynamic the arguments are SQL, which is looked into where they are literals.
var functionGroups = []functionGroup{
	// Large objects.
	{effects: SetOf(Function), names: `lo_creat lo_create lo_from_bytea lo_import`},
	{effects: SetOf(Function, Delete), names: `lo_unlink`},
	{effects: SetOf(Function, Update), names: `lo_put lo_truncate lo_truncate64 lowrite`},
	// Files and directories of the server: writing, then reading.
	{effects: SetOf(Function, CopyProgram), names: `lo_export`},
	{effects: SetOf(Function), traits: TraitsOf(Inward), names: `
		pg_read_file pg_read_file_old pg_read_binary_file pg_stat_file pg_ls_dir
		pg_ls_logdir pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir
		pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir`},
	// Other sessions and the server as a whole.
	{effects: SetOf(Function), names: `
		pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile
		pg_rotate_logfile_old pg_log_backend_memory_contexts pg_switch_wal
		pg_promote pg_wal_replay_pause pg_wal_replay_resume
		pg_create_restore_point pg_start_backup pg_stop_backup pg_backup_start
		pg_backup_stop pg_log_standby_snapshot`},
	// Statistics.
	{effects: SetOf(Function), names: `
		pg_stat_reset pg_stat_reset_shared pg_stat_reset_slru
		pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters
		pg_stat_reset_replication_slot pg_stat_reset_subscription_stats
		pg_stat_reset_backend_stats pg_restore_relation_stats
		pg_clear_relation_stats pg_restore_attribute_stats
		pg_clear_attribute_stats`},
	// Sequences, which no rollback sets back, and catalogs.
	{effects: SetOf(Function, Alter), traits: TraitsOf(Restart), names: `setval`},
	{effects: SetOf(Function), names: `
		pg_nextoid pg_import_system_collations
		pg_extension_config_dump pg_stop_making_pinned_objects
		binary_upgrade_create_empty_extension binary_upgrade_set_missing_value
		binary_upgrade_set_record_init_privs`},
	// SQL given as a string, or tables named by one.
	{effects: SetOf(Function, Dynamic), traits: TraitsOf(Inward), names: `
		query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat`},
	{effects: SetOf(Function, Dynamic), traits: TraitsOf(Inward), arguments: 2, names: `ts_rewrite`},
	{effects: SetOf(Function), traits: TraitsOf(Inward), names: `
		table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml
		schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml
		database_to_xmlschema database_to_xml_and_xmlschema`},
	// Index maintenance.
	{effects: SetOf(Function, Maintenance), names: `
		brin_summarize_new_values brin_summarize_range brin_desummarize_range
		gin_clean_pending_list`},
	{effects: SetOf(Function, Settings), names: `set_config`},
	// Slots, origins, logical decoding.
	{effects: SetOf(Function, Replication), names: `
		pg_create_physical_replication_slot pg_create_logical_replication_slot
		pg_copy_physical_replication_slot pg_copy_logical_replication_slot
		pg_replication_slot_advance pg_sync_replication_slots pg_logical_emit_message
		pg_logical_slot_get_changes pg_logical_slot_get_binary_changes
		pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes
		pg_replication_origin_create pg_replication_origin_advance
		pg_replication_origin_session_setup pg_replication_origin_session_reset
		pg_replication_origin_xact_setup pg_replication_origin_xact_reset
		binary_upgrade_replorigin_advance binary_upgrade_add_sub_rel_state`},
	{effects: SetOf(Function, Replication, Drop), names: `
		pg_drop_replication_slot pg_replication_origin_drop`},
	// Locks by agreement: every migration tool takes them, so they are no Function.
	{effects: SetOf(Lock), names: `
		pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock
		pg_advisory_xact_lock_shared pg_try_advisory_lock
		pg_try_advisory_lock_shared pg_try_advisory_xact_lock
		pg_try_advisory_xact_lock_shared`},

	// dblink, postgres_fdw.
	{effects: SetOf(Function, Dynamic), extension: true, names: `
		dblink dblink_exec dblink_open dblink_send_query`},
	{effects: SetOf(Function), extension: true, names: `
		dblink_fetch dblink_close dblink_connect dblink_connect_u dblink_get_result
		dblink_cancel_query dblink_disconnect postgres_fdw_disconnect
		postgres_fdw_disconnect_all`},
	// tablefunc, xml2: SQL given as a string, or put together without quotes.
	{effects: SetOf(Function, Dynamic), traits: TraitsOf(Inward), extension: true, names: `
		crosstab crosstab2 crosstab3 crosstab4 xpath_table`},
	{effects: SetOf(Function), traits: TraitsOf(Inward), extension: true, names: `connectby`},
	{effects: SetOf(Function), extension: true, names: `xslt_process`},
	// adminpack.
	{effects: SetOf(Function, CopyProgram), extension: true, names: `
		pg_file_write pg_file_sync pg_file_rename pg_file_unlink`},
	{effects: SetOf(Function), extension: true, names: `pg_logdir_ls`},
	// pg_surgery, pg_visibility, pg_buffercache, pg_prewarm, pg_stat_statements.
	{effects: SetOf(Function, Delete), extension: true, names: `heap_force_kill`},
	{effects: SetOf(Function), extension: true, names: `
		heap_force_freeze pg_stat_statements_reset`},
	{effects: SetOf(Function, Maintenance), extension: true, names: `
		pg_truncate_visibility_map pg_buffercache_evict pg_buffercache_evict_relation
		pg_buffercache_evict_all pg_prewarm autoprewarm_start_worker
		autoprewarm_dump_now`},
	// lo, refint: triggers that delete elsewhere.
	{effects: SetOf(Function), extension: true, names: `lo_manage check_foreign_key`},
	// Exports to object stores, distributed and partitioned tables.
	{effects: SetOf(Function), extension: true, names: `
		query_export_to_s3 table_import_from_s3 undistribute_table`},
	{effects: SetOf(Function, Drop), extension: true, names: `drop_chunks`},
	{effects: SetOf(Function, Dynamic), extension: true, names: `
		run_command_on_workers run_command_on_shards run_command_on_placements
		master_run_on_worker`},
}

// knownFunctions finds a function's group by its name.
var knownFunctions = indexFunctions()

func indexFunctions() map[string]functionGroup {
	index := make(map[string]functionGroup)
	for _, g := range functionGroups {
		for _, name := range strings.Fields(g.names) {
			index[name] = g
		}
	}
	return index
}

// functionBehind returns the function of the table that a name in C stands for, empty
// for any other. Such a name is that of the function, often with something behind it that
// tells its forms apart (prosrc in pg_proc.dat).
func functionBehind(symbol string) string {
	if strings.HasPrefix(symbol, "tsquery_rewrite") {
		return "ts_rewrite"
	}
	longest := ""
	for name, g := range knownFunctions {
		if !g.extension && len(name) > len(longest) && strings.HasPrefix(strings.TrimPrefix(symbol, "be_"), name) {
			longest = name
		}
	}
	return longest
}

// SideEffects returns the effects of every function that is known to have some, by
// its name.
func SideEffects() map[string]EffectSet {
	all := make(map[string]EffectSet, len(knownFunctions))
	for name, g := range knownFunctions {
		all[name] = g.effects
	}
	return all
}

// functionNamed returns the group of a function, an empty one for one that is not in
// the table. Names are compared as PostgreSQL does after folding.
func functionNamed(schema, name string) functionGroup {
	g, ok := knownFunctions[name]
	if !ok || schema != "" && schema != "pg_catalog" && !g.extension {
		return functionGroup{}
	}
	return g
}

// functionEffects returns the effects of calling the function.
func functionEffects(schema, name string) EffectSet { return functionNamed(schema, name).effects }

// acts returns what calling a function of the group does to one object, or to several.
func (g functionGroup) acts(name string, one bool) []Act {
	var acts []Act
	for _, e := range g.effects.List() {
		a := Act{Effect: e, Object: name, Traits: g.traits}
		switch {
		case e != Delete && e != Update:
		case one:
			a.Breadth, a.Values = Bounded, 1
		default:
			a.Breadth = UnknownBreadth
		}
		acts = append(acts, a)
	}
	return acts
}
