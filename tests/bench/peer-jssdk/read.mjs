// Reads all deals, tasks and calls of a portal as the SDK's guide says: the first page tells how many
// there are, batchByChunk fetches the others, fifty pages a request. Prints, as JSON, the rows it got
// of each and what errors the SDK told of, by their codes: batchByChunk leaves out the pages that
// failed, and keeps one error for each place in a batch.
//
//   node read.mjs https://127.0.0.1:8443/rest/1/secret/ [--limits]
//
// Without --limits the SDK's own brake is taken off, as the portal's is.

import { B24Hook } from '@bitrix24/b24jssdk'

const PAGE = 50
const UNBOUND = {
  rateLimit: { burstLimit: 1e9, drainRate: 1e9, adaptiveEnabled: false },
  operatingLimit: { windowMs: 600_000, limitMs: 1e12, heavyPercent: 100 },
  adaptiveConfig: { enabled: false, thresholdPercent: 100, coefficient: 0, maxDelay: 0 }
}

// What b24watch asks for, with the rows' place in an answer.
const LISTS = {
  deal: {
    method: 'crm.item.list',
    params: {
      entityTypeId: 2,
      order: { id: 'ASC' },
      select: ['id', 'title', 'categoryId', 'stageId', 'stageSemanticId', 'closed', 'opportunity',
        'currencyId', 'assignedById', 'createdBy', 'updatedBy', 'movedBy', 'createdTime',
        'updatedTime', 'movedTime', 'lastActivityTime', 'lastActivityBy', 'begindate', 'closedate',
        'companyId', 'contactId', 'leadId', 'sourceId', 'typeId', 'isRecurring']
    },
    rows: answer => answer.items
  },
  task: {
    method: 'tasks.task.list',
    params: {
      order: { ID: 'asc' },
      select: ['ID', 'TITLE', 'STATUS', 'RESPONSIBLE_ID', 'CREATED_BY', 'CLOSED_BY', 'DEADLINE',
        'CREATED_DATE', 'CHANGED_BY', 'CHANGED_DATE', 'CLOSED_DATE', 'STATUS_CHANGED_DATE',
        'ACTIVITY_DATE', 'PRIORITY', 'GROUP_ID', 'PARENT_ID', 'TASK_CONTROL', 'UF_CRM_TASK']
    },
    rows: answer => answer.tasks
  },
  call: {
    method: 'voximplant.statistic.get',
    params: { SORT: 'ID', ORDER: 'ASC' },
    rows: answer => answer
  }
}

const errors = {}

function note(error) {
  const code = error.code ?? error.name
  errors[code] = (errors[code] ?? 0) + 1
}

// Nothing of a list whose first page is refused, or whose reading the SDK breaks off.
async function readList(b24, { method, params, rows }) {
  const ids = new Set()
  const keep = page => { for (const row of rows(page)) ids.add(String(row.id ?? row.ID)) }
  try {
    const first = await b24.actions.v2.call.make({ method, params: { ...params, start: 0 } })
    for (const error of first.getErrors()) note(error)
    if (!first.isSuccess) return 0
    keep(first.getData().result)
    const calls = []
    for (let start = PAGE; start < first.getTotal(); start += PAGE) {
      calls.push({ method, params: { ...params, start } })
    }
    const rest = await b24.actions.v2.batchByChunk.make({ calls })
    for (const error of rest.getErrors()) note(error)
    for (const page of rest.getData()) keep(page)
  } catch (error) {
    note(error)
  }
  return ids.size
}

const [webhook, ...words] = process.argv.slice(2)
const b24 = B24Hook.fromWebhookUrl(webhook)
if (!words.includes('--limits')) {
  await b24.setRestrictionManagerParams({ ...b24.getHttpClient('v2').getRestrictionManagerParams(), ...UNBOUND })
}
const got = {}
for (const [name, list] of Object.entries(LISTS)) got[name] = await readList(b24, list)
console.log(JSON.stringify({ got, errors }))
