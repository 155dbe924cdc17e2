-- What a message of Twilio's needs before its turn, in one round trip (channels/ciu/opening.py).

-- Who writes, by any digest of his address: held until the transaction ends, his messages of this minute counted.
create function ciu_take(lookups bytea[], at timestamptz, since timestamptz)
returns table (id uuid, kind text, language text, is_test boolean, minute_count integer)
language sql volatile as $$
update ciu_identity i set
    last_inbound_at = at,
    minute_count = case when i.minute_at > since then i.minute_count + 1 else 1 end,
    minute_at = case when i.minute_at > since then i.minute_at else at end
where i.lookup = any(lookups)
returning i.id, i.kind, i.language, i.is_test, i.minute_count
$$;

-- Where somebody stands in a programme; one row, whether he was ever there or not.
create function ciu_standing(programme uuid, identity uuid)
returns table (aside text, aside_until timestamptz, issued_at timestamptz, is_stopped boolean, untold_record_id uuid,
    conversation_id uuid, recipe_id uuid, page text, spoken text, answers_enc bytea, started_at timestamptz,
    expires_at timestamptz, consented_at timestamptz, untold text)
language sql stable as $$
select c.aside, c.aside_until, c.issued_at, c.is_stopped, c.untold_record_id, o.id,
    o.recipe_id, o.page, o.language, o.answers_enc, o.created_at, o.expires_at, o.consented_at,
    (select e.language from ciu_conversation e
     where e.programme_id = programme and e.identity_id = identity and e.end_reason = 'expired'
       and not e.is_told order by e.ended_at desc limit 1)
from (select) one
left join ciu_contact c on c.programme_id = programme and c.identity_id = identity
left join ciu_conversation o on o.programme_id = programme and o.identity_id = identity and o.ended_at is null
$$;

-- A message is claimed, its writer taken, where he stands read. `ours` is the number it was sent to: no row where nothing
-- of ours answers there; where it is null, sender and programme are given. `claimed` is null where the message came
-- before: then `replied` is what it was answered. `person` is null where nobody is known by this address.
create function ciu_hear(new_id uuid, at timestamptz, via text, ours text, message bytea, lookups bytea[],
    since timestamptz, inout sender uuid, inout programme uuid,
    out code text, out name text, out contact text, out settings jsonb, out published uuid,
    out claimed uuid, out replied uuid, out person uuid, out language text, out is_test boolean,
    out minute_count integer, out aside text, out aside_until timestamptz, out issued_at timestamptz,
    out is_stopped boolean, out untold_record_id uuid, out conversation_id uuid, out recipe_id uuid, out page text,
    out spoken text, out answers_enc bytea, out started_at timestamptz, out expires_at timestamptz,
    out consented_at timestamptz, out untold text)
returns setof record
language plpgsql volatile as $$
#variable_conflict use_column
begin
    if ours is not null then
        select s.id, p.id, p.code, p.name, p.contact, p.settings, r.id
        into sender, programme, code, name, contact, settings, published
        from whatsapp_sender s join ciu_programme p on p.id = s.programme_id
        join ciu_recipe r on r.programme_id = p.id and r.state = 'published'
        where s.channel = via and s.address = ours;
        if not found then
            return;
        end if;
    end if;
    insert into whatsapp_inbound (id, created_at, channel, provider_id, sender_id, tries)
    values (new_id, at, via, message, sender, 0)
    on conflict (channel, provider_id) do nothing returning id into claimed;
    if claimed is null then
        select i.reply_id into replied from whatsapp_inbound i where i.channel = via and i.provider_id = message;
        return next;
        return;
    end if;
    select t.id, t.language, t.is_test, t.minute_count into person, language, is_test, minute_count
    from ciu_take(lookups, at, since) t;
    if person is not null then  -- a statement of its own: it sees what whoever held him before us has written
        select s.* into aside, aside_until, issued_at, is_stopped, untold_record_id, conversation_id, recipe_id, page,
            spoken, answers_enc, started_at, expires_at, consented_at, untold
        from ciu_standing(programme, person) s;
    end if;
    return next;
end
$$;
