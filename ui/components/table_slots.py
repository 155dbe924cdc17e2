"""The templates of a table, drawn in the browser from data: a thousand rows cost no element on the server.

Constants only. Vue escapes every value it writes.
"""

BODY = """
<q-tr :props="props" :class="{'row-link': props.row._href || props.row._opens}">
  <q-td v-for="(col, index) in props.cols" :key="col.name" :props="props"
    :class="['cell-' + col.kind, col.width]">
    <template v-if="col.value === null || col.value === undefined || col.value === ''"></template>
    <span v-else-if="col.kind === 'chip'" :class="'chip chip-' + col.value.tone">
      <i class="symbol" aria-hidden="true">{{ col.value.icon }}</i>{{ col.value.word }}</span>
    <a v-else-if="index === props.row._lead && props.row._href" :href="props.row._href"
      class="row-anchor">{{ col.value }}</a>
    <button v-else-if="index === props.row._lead && props.row._opens" type="button" class="row-anchor"
      @click="() => $parent.$emit('open', props.row.id)">{{ col.value }}</button>
    <template v-else>{{ col.value }}</template>
    <span v-if="col.kind === 'name' && props.row._under" class="cell-under">{{ props.row._under }}</span>
    <span v-if="col.kind === 'name' && props.row._phone_under"
      class="cell-under phone-only">{{ props.row._phone_under }}</span>
  </q-td>
</q-tr>
"""

FOOT = """
<span class="table-range">{{ (props.pagination.rowsNumber
    ? (props.pagination.page - 1) * props.pagination.rowsPerPage + 1 : 0).toLocaleString('%(locale)s')
  }}\u00a0%(to)s\u00a0{{
  Math.min(props.pagination.page * props.pagination.rowsPerPage, props.pagination.rowsNumber)
    .toLocaleString('%(locale)s') }}
  %(of)s\u00a0{{ props.pagination.rowsNumber.toLocaleString('%(locale)s') }}</span>
<span class="table-pages">
  <q-btn flat dense :ripple="false" class="button-icon" icon="sym_o_chevron_left" aria-label="%(previous)s"
    :disable="props.isFirstPage" @click="props.prevPage"></q-btn>
  <q-btn flat dense :ripple="false" class="button-icon" icon="sym_o_chevron_right" aria-label="%(next)s"
    :disable="props.isLastPage" @click="props.nextPage"></q-btn>
</span>
"""
